// What the examples share: reading flags, and printing an answer for people or, with --json, for programs.
import { parseArgs } from 'node:util';

type Flags<Defaults> = { [Name in keyof Defaults]: number };

interface Common {
  /** What is not a flag. */
  paths: string[];
  threads: number | undefined;
  json: boolean;
  /** Whether a plain loop is to compute the same. */
  check: boolean;
}

/**
 * Reads --NAME n for each name in `defaults`, and --threads n, --check and --json. A flag must be a whole number, and at least 1
 * unless its default is 0. Anything else ends the process with a message and exit code 2.
 */
export function commandLine<Defaults extends Record<string, number>>(usage: string, defaults: Defaults): Flags<Defaults> & Common {
  try {
    const numbers = [...Object.keys(defaults), 'threads'];
    const { values, positionals } = parseArgs({
      allowPositionals: usage.includes('PATHS'),
      options: {
        json: { type: 'boolean' },
        check: { type: 'boolean' },
        ...Object.fromEntries(numbers.map(name => [name, { type: 'string' as const }])),
      },
    });
    const flags: Record<string, number | undefined> = { threads: undefined, ...defaults };
    for (const name of numbers) {
      const text = (values as Record<string, unknown>)[name];
      if (typeof text === 'string') flags[name] = wholeNumber(name, text, defaults[name] === 0 ? 0 : 1);
    }
    return { ...flags, paths: positionals, json: values.json === true, check: values.check === true } as Flags<Defaults> & Common;
  } catch (error) {
    console.error(`${(error as Error).message}\nusage: heddle run examples/${usage} [--threads n] [--check] [--json]`);
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

/**
 * With --check: computes the same by a plain loop on one thread, which throws where its answer is another one. Gives the
 * seconds that took, without those of `prepare`, which brings the loop its input.
 */
export async function checked<T>(
  check: boolean,
  prepare: () => Promise<T>,
  loop: (input: T) => void | Promise<void>,
): Promise<number | undefined> {
  if (!check) return undefined;
  const input = await prepare();
  const started = performance.now();
  await loop(input);
  return (performance.now() - started) / 1000;
}

export interface Answer {
  job: string;
  seconds: number;
  answer: number;
  threads: number;
  /** What --check found: how long a plain loop took for the same answer. */
  plainSeconds: number | undefined;
  [more: string]: unknown;
}

/** Prints the answer as one line of JSON, or else the lines for people, and the time that it took. */
export function report(json: boolean, answer: Answer, lines: () => string[]): void {
  const { seconds, threads, plainSeconds } = answer;
  const plain = plainSeconds === undefined ? '' : `; a plain loop has the same, in ${plainSeconds.toFixed(2)} s`;
  const time = `${seconds.toFixed(2)} s, ${threads} threads${plain}`;
  console.log(json ? JSON.stringify(answer) : [...lines(), time].join('\n'));
}
