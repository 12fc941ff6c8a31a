// What the examples share: reading flags, and printing an answer for people or, with --json, for programs.
import { parseArgs } from 'node:util';

type Flags<Defaults> = { [Name in keyof Defaults]: number };

interface Common {
  /** What is not a flag. */
  paths: string[];
  threads: number | undefined;
  json: boolean;
}

/**
 * Reads --NAME n for each name in `defaults`, and --threads n and --json. A flag must be a whole number, and at least 1
 * unless its default is 0. Anything else ends the process with a message and exit code 2.
 */
export function commandLine<Defaults extends Record<string, number>>(usage: string, defaults: Defaults): Flags<Defaults> & Common {
  try {
    const numbers = [...Object.keys(defaults), 'threads'];
    const { values, positionals } = parseArgs({
      allowPositionals: usage.includes('PATHS'),
      options: { json: { type: 'boolean' }, ...Object.fromEntries(numbers.map(name => [name, { type: 'string' as const }])) },
    });
    const flags: Record<string, number | undefined> = { threads: undefined, ...defaults };
    for (const name of numbers) {
      const text = (values as Record<string, unknown>)[name];
      if (typeof text === 'string') flags[name] = wholeNumber(name, text, defaults[name] === 0 ? 0 : 1);
    }
    return { ...flags, paths: positionals, json: values.json === true } as Flags<Defaults> & Common;
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: heddle run examples/${usage} [--threads n] [--json]`);
    process.exit(2);
  }
}

function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text.replaceAll('_', ''));
  if (text.trim() === '' || !Number.isSafeInteger(value) || value < least) {
    throw new Error(`--${name}: expected a whole number from ${least}, got '${text}'`);
  }
  return value;
}

export interface Answer {
  job: string;
  seconds: number;
  answer: number;
  threads: number;
  [more: string]: unknown;
}

/** Prints the answer as one line of JSON, or else the lines for people. */
export function report(json: boolean, answer: Answer, lines: () => string[]): void {
  console.log(json ? JSON.stringify(answer) : lines().join('\n'));
}
