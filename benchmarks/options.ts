// The command line of the benchmarks.
import { parseArgs } from 'node:util';
import { isJobName, JOB_NAMES, type JobName } from './jobs.js';
import { DEFAULT_JOBS } from './targets.js';

export interface Options {
  readonly jobs: readonly JobName[];
  readonly repeats: number;
  readonly threads: number;
  readonly limit: number;
  readonly text: string | undefined;
  /** Who takes part; undefined: everybody who can. */
  readonly contenders: readonly string[] | undefined;
  /** Install the peers that are missing. */
  readonly peers: boolean;
  readonly micro: boolean;
  readonly alternatives: boolean;
  readonly examples: boolean;
  readonly format: 'text' | 'markdown' | 'json';
}

export const USAGE = `usage: npm run bench -- [options]
  --peers            install the peers that are missing (some 400 MB from PyPI), then run them
  --job A,B          ${JOB_NAMES.join(' ')}
                     (default: those with targets)
  --contenders A,B   only these: heddle loop piscina c duckdb polars spark
  --repeats N        warm runs and whole processes of each contender (default 5)
  --threads N        threads of every contender (default 2)
  --text FILE        count the words of FILE, not of the generated 100 MB
  --limit SECONDS    give up on a run after so long (default 600)
  --json             one JSON document instead of the tables
  --markdown         the tables as Markdown
  --micro            only the micro-benchmarks
  --alternatives     only the designs that were not taken, beside those that were
  --examples         only the examples, each beside a plain loop`;

/** The options, or what is wrong with them. */
export function parseOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        job: { type: 'string', default: DEFAULT_JOBS.join(',') },
        repeats: { type: 'string', default: '5' },
        threads: { type: 'string', default: '2' },
        limit: { type: 'string', default: '600' },
        text: { type: 'string' },
        contenders: { type: 'string' },
        peers: { type: 'boolean', default: false },
        micro: { type: 'boolean', default: false },
        alternatives: { type: 'boolean', default: false },
        examples: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        markdown: { type: 'boolean', default: false },
      },
    });
    return {
      jobs: jobNames(values.job),
      repeats: positive('repeats', values.repeats),
      threads: positive('threads', values.threads),
      limit: positive('limit', values.limit),
      text: values.text,
      contenders: values.contenders?.split(','),
      peers: values.peers,
      micro: values.micro,
      alternatives: values.alternatives,
      examples: values.examples,
      format: values.json ? 'json' : values.markdown ? 'markdown' : 'text',
    };
  } catch (error) {
    return (error as Error).message;
  }
}

function jobNames(list: string): JobName[] {
  return [...new Set(list.split(','))].map(name => {
    if (!isJobName(name)) throw new Error(`--job: no job ${JSON.stringify(name)}, expected ${JOB_NAMES.join(', ')}`);
    return name;
  });
}

function positive(option: string, value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1)
    throw new Error(`--${option}: expected a whole number from 1 up, got ${JSON.stringify(value)}`);
  return number;
}
