// The jobs as a user of Heddle writes them: ordinary closures, nothing tuned for a benchmark.
import type { Context, RDD } from 'heddle';
import { type Answer, checkRanks, KEYS, MXR, PAGERANK, SCATTER, TEXTS_GROUPED, targetOf } from '../jobs.js';

/** A job as Heddle runs it: `run` is timed, `answer` looks at its result. */
export interface HeddleJob<T> {
  run(): Promise<T>;
  answer(result: T): Answer;
}

const number = (answer: number): Answer => ({ answer });

export function wordcount(sc: Context, text: string): HeddleJob<[string, number][]> {
  return {
    run: () =>
      sc
        .textFile(text)
        .flatMap(line => line.split(' '))
        .map(word => [word, 1])
        .reduceByKey((a, b) => a + b)
        .collect(),
    answer: counts => ({ answer: counts.length, total: counts.reduce((sum, [, count]) => sum + count, 0) }),
  };
}

/** A closure of which no columns can be made. */
export function wordcountJson(sc: Context, text: string): HeddleJob<[string, number][]> {
  return {
    ...wordcount(sc, text),
    run: () =>
      sc
        .textFile(text)
        .flatMap(line => (JSON.parse(JSON.stringify(line)) as string).split(' '))
        .map(word => [word, 1])
        .reduceByKey((a, b) => a + b)
        .collect(),
  };
}

export function pi(sc: Context, trials: number): HeddleJob<number> {
  return {
    run: () =>
      sc
        .trials(trials, rng => {
          const x = rng.uniform() * 2 - 1;
          const y = rng.uniform() * 2 - 1;
          return x * x + y * y < 1 ? 1 : 0;
        })
        .sum(),
    answer: number,
  };
}

export function reduceByKey(sc: Context, records: number): HeddleJob<number> {
  return {
    run: () =>
      keyed(sc, records)
        .reduceByKey((a, b) => a + b)
        .count(),
    answer: number,
  };
}

export function groupByKey(sc: Context, records: number): HeddleJob<number> {
  return { run: () => keyed(sc, records).groupByKey().count(), answer: number };
}

/** The groups are looked at: nobody who optimises can do without them. */
export function groupSums(sc: Context, records: number): HeddleJob<number> {
  return {
    run: () =>
      keyed(sc, records)
        .groupByKey()
        .map(([, values]) => values.reduce((a, b) => a + b))
        .sum(),
    answer: number,
  };
}

export function partitionBy(sc: Context, records: number): HeddleJob<number> {
  return { run: () => keyed(sc, records).partitionBy(4).count(), answer: number };
}

/** Half of all records have one key. */
export function skew(sc: Context, records: number): HeddleJob<number> {
  const keys = KEYS;
  return {
    run: () =>
      sc
        .range(records)
        .map(i => [i % 2 === 0 ? 0 : i % keys, 1])
        .reduceByKey((a, b) => a + b)
        .count(),
    answer: number,
  };
}

export function sortByKey(sc: Context, records: number): HeddleJob<number> {
  const scatter = SCATTER;
  return {
    run: () =>
      sc
        .range(records)
        .map(i => [(i * scatter) % 2 ** 31, 1])
        .sortByKey()
        .count(),
    answer: number,
  };
}

/** Each partition is held against the order that it should have; that they follow one another is seen in the answer. */
export function spillSort(sc: Context, records: number): HeddleJob<[rows: number, first: number, last: number][]> {
  const scatter = SCATTER;
  return {
    run: () =>
      sc
        .range(records)
        .map(i => [(i * scatter) % 2 ** 31, i])
        .sortByKey()
        .mapPartitions(rows => {
          let [count, first, last] = [0, -1, -1];
          for (const [key] of rows) {
            if (key < last) throw new Error(`${key} after ${last}`);
            if (count++ === 0) first = key;
            last = key;
          }
          return [[count, first, last]];
        })
        .collect(),
    answer: parts => {
      if (parts.some(([, first], i) => i > 0 && first < parts[i - 1]![2])) throw new Error('the partitions are not in order');
      return { answer: parts.reduce((sum, [count]) => sum + count, 0) };
    },
  };
}

export function mxr(sc: Context, records: number): HeddleJob<number> {
  const { maps, reducers } = MXR;
  return {
    run: () =>
      sc
        .range(0, records, 1, maps)
        .map(i => [i % reducers, 1])
        .partitionBy(reducers)
        .values()
        .sum(),
    answer: number,
  };
}

/** The links are kept: each run ranks the nodes anew. */
export function pagerank(sc: Context, size: number): HeddleJob<[number, number][]> {
  const { nodes, rounds, damping } = PAGERANK;
  const links = sc
    .range(size)
    .map(i => [i % nodes, targetOf(i)])
    .groupByKey()
    .cache();
  return {
    run: () => {
      let ranks: RDD<[number, number]> = links.mapValues(() => 1);
      for (let round = 0; round < rounds; round++) {
        ranks = links
          .join(ranks)
          .flatMap(([node, [targets, rank]]) => {
            const share = rank / targets.length;
            const shares = targets.map((target): [number, number] => [target, share]);
            shares.push([node, 0]); // who has no links to it keeps a rank
            return shares;
          })
          .reduceByKey((a, b) => a + b)
          .mapValues(sum => 1 - damping + damping * sum);
      }
      return ranks.collect();
    },
    answer: checkRanks,
  };
}

export function spillGroup(sc: Context, text: string): HeddleJob<number[]> {
  return {
    run: () =>
      sc
        .union(Array.from({ length: TEXTS_GROUPED }, () => sc.textFile(text)))
        .map(line => [line.split(' ')[0]!, line])
        .groupByKey()
        .map(([, lines]) => lines.length)
        .collect(),
    answer: sizes => ({ answer: sizes.length, total: sizes.reduce((sum, size) => sum + size, 0) }),
  };
}

export function join(sc: Context, left: number): HeddleJob<number> {
  return {
    run: () =>
      keyed(sc, left)
        .join(keyed(sc, left / 2))
        .count(),
    answer: number,
  };
}

export function tasks(sc: Context, count: number): HeddleJob<number> {
  return { run: () => sc.range(0, count, 1, count).count(), answer: number };
}

/** What a job costs when there is nearly nothing to do. */
export function small(sc: Context, records: number): HeddleJob<number> {
  return {
    run: () =>
      sc
        .range(records)
        .map(x => x * 2)
        .reduce((a, b) => a + b),
    answer: number,
  };
}

function keyed(sc: Context, records: number) {
  const keys = KEYS;
  return sc.range(records).map(i => [i % keys, 1]);
}
