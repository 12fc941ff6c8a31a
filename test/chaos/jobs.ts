// What runs while executors fail: jobs that shuffle, sort, draw random numbers and write files, each with a result in which no
// row may be missing, nor be there twice, nor one bit of a sum be another.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { show } from '../../lib/core/errors.js';
import type { Context } from '../../lib/index.js';

export interface Place {
  /** A text that all executors can read. */
  readonly text: string;
  /** A directory that is to be made. */
  readonly output: string;
}

export interface Job {
  run(sc: Context, place: Place): Promise<unknown>;
  /** Tasks of an undisturbed run, and their stages: where faults can fall. */
  readonly tasks: number;
  readonly stages: number;
  /** Its rows, or groups of them, do not fit into memory. */
  readonly spills?: true;
  readonly writes?: true;
}

const WORDS = ['warp', 'weft', 'heddle', 'shuttle', 'loom', 'naïve', '', 'thread', 'reed', '织机'];

/** Writes the text of the word count: two megabytes. */
export function writeText(file: string): void {
  let state = 7;
  const word = () => {
    state = (state * 48271) % 2147483647;
    return state % 3 === 0 ? `${WORDS[state % WORDS.length]}${state % 5000}` : WORDS[state % WORDS.length]!;
  };
  const lines = Array.from({ length: 40_000 }, () => Array.from({ length: 8 }, word).join(' '));
  writeFileSync(file, lines.join('\n'));
}

export const JOBS = {
  words: {
    tasks: 14,
    stages: 2,
    run: (sc, { text }) =>
      sc
        .textFile(text, { partitions: 9 })
        .flatMap(line => line.split(' '))
        .map(word => [word, 1] as const)
        .reduceByKey((a, b) => a + b, 5)
        .collect(),
  },
  join: {
    tasks: 16,
    stages: 3,
    async run(sc) {
      const left = sc.accumulator(0);
      const joined = sc.accumulator(0);
      const long = sc.range(0, 9000, 1, 7).map(i => {
        left.add(1);
        return [i % 900, `${'the warp and the weft of it '.repeat(20)}${i}`] as const;
      });
      // Large enough to go from executor to executor.
      const roots = sc.broadcast(Float64Array.from({ length: 300_000 }, (_, i) => Math.sqrt(i)));
      const short = sc.range(0, 1800, 1, 4).map(i => [i % 900, roots.value[i * 100]!] as const);
      const rows = await long
        .join(short, 5)
        .map(([key, [text, root]]) => {
          joined.add(1);
          return [key, text.length, text.slice(-5), root] as const;
        })
        .collect();
      return { rows, left: left.value, joined: joined.value };
    },
  },
  sort: {
    tasks: 20,
    stages: 3,
    spills: true,
    async run(sc) {
      const seen = sc.accumulator(0);
      const rows = await sc
        .range(0, 16_000, 1, 8)
        .map(i => {
          seen.add(1);
          // The first partition is more than a task may hold in memory.
          const text = `${i}, `.repeat(i < 2000 ? 2000 : 20);
          return [Math.sin(i) * 1e6, text] as const;
        })
        .sortByKey(true, 4)
        .map(([key, text]) => {
          let sum = 0;
          for (let at = 0; at < text.length; at += 16) sum = (sum * 31 + text.charCodeAt(at)) | 0;
          return [key, text.length, sum] as const;
        })
        .collect();
      return { rows, seen: seen.value };
    },
  },
  trials: {
    tasks: 21,
    stages: 3,
    async run(sc) {
      const total = sc.accumulator(0);
      const draws = sc.trials(60_000, rng => Math.exp(rng.normal()) + rng.uniform() / 3, { partitions: 9 }).persist();
      const summary = await draws.summary();
      const sums = await draws
        .map(x => {
          total.add(x / 7);
          return [Math.floor(x * 10), x] as const;
        })
        .reduceByKey((a, b) => a + b, 3)
        .collect();
      const { count, mean, variance, halfWidth, min, max, quantiles } = summary;
      return { figures: [count, mean, variance, halfWidth, min, max], quantiles, sums, total: total.value };
    },
  },
  save: {
    tasks: 14,
    stages: 2,
    writes: true,
    async run(sc, { output }) {
      const lines = sc.accumulator(0);
      await sc
        .range(0, 24_000, 1, 8)
        .map(i => [`key ${i % 6000}`, i / 3] as const)
        .reduceByKey((a, b) => a + b, 6)
        .map(([key, sum]) => {
          lines.add(1);
          return `${key}\t${sum}\t${'x'.repeat(key.length * 3)}`;
        })
        .saveAsTextFile(output);
      return { files: filesIn(output), lines: lines.value };
    },
  },
  kept: {
    tasks: 26,
    stages: 5,
    async run(sc) {
      const array = Float64Array.from({ length: 80_000 }, (_, i) => i / 3);
      const roots = sc.parallelize(array, 8).map(Math.sqrt).persist('disk');
      const sum = await roots.sum();
      const sums = roots
        .map(x => [Math.floor(x) % 50, x] as const)
        .reduceByKey((a, b) => a + b, 4)
        .mapValues(x => x / 7)
        .cache();
      const rows = await sums.collect();
      // All of it is stored by now, and its plan has no shuffle.
      const again = await sums.values().sum();
      const halves = await roots
        .map(x => x + 0.1)
        .coalesce(2)
        .stats();
      return { sum, rows, again, halves: [halves.count, halves.mean, halves.variance] };
    },
  },
} as const satisfies Record<string, Job>;

export type JobName = keyof typeof JOBS;
export const JOB_NAMES = Object.keys(JOBS) as JobName[];

/** The first place where two results differ, to the last bit of a number; undefined where they are the same. */
export function difference(found: unknown, expected: unknown, path = 'the result'): string | undefined {
  if (!isObject(found) || !isObject(expected) || Array.isArray(found) !== Array.isArray(expected)) {
    return Object.is(found, expected) ? undefined : `${path} is ${show(found)}, and not ${show(expected)}`;
  }
  const [mine, other] = [Object.keys(found), Object.keys(expected)];
  if (mine.length !== other.length) return `${path} has ${mine.length} entries, and not ${other.length}`;
  for (const key of mine) {
    const different = difference(found[key], expected[key], `${path}.${key}`);
    if (different !== undefined) return different;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Every file of a directory, with its bytes. */
function filesIn(directory: string): (readonly [string, string])[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .sort()
    .filter(name => statSync(join(directory, name)).isFile())
    .map(name => [name, readFileSync(join(directory, name), 'latin1')] as const);
}
