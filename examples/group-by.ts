// Finds the median delay of each of many routes. A median needs all values of a group at once, hence groupByKey; where a
// sum or a maximum is enough, reduceByKey moves less. One seed gives the same delays on any number of threads.
//
//   heddle run examples/group-by.ts [--rows n] [--groups n] [--seed n] [--threads n] [--check] [--json]
import { Context } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const flags = { rows: 2_000_000, groups: 1000, seed: 0 };
const { rows, groups, seed, threads, json, check } = commandLine('group-by.ts [--rows n] [--groups n] [--seed n]', flags);

function median(values: Iterable<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

await using sc = await Context.create({ threads, seed });
const started = performance.now();
const delays = sc.trials(rows, (rng): [number, number] => [rng.int(groups), 10 * rng.exponential()]);
const medians = await delays.groupByKey().mapValues(median).collect();
const seconds = (performance.now() - started) / 1000;

// Most delayed first; routes as delayed as each other in the order of their numbers.
medians.sort(([a, x], [b, y]) => y - x || a - b);
const [route, delay] = medians[0]!;

const plainSeconds = await checked(
  check,
  () => delays.collect(),
  list => {
    const plain = new Map<number, number[]>();
    for (const [route, delay] of list) {
      const group = plain.get(route);
      if (group === undefined) plain.set(route, [delay]);
      else group.push(delay);
    }
    for (const [route, delay] of medians)
      if (median(plain.get(route) ?? []) !== delay) throw new Error(`route ${route} has ${delay}, by a plain loop another delay`);
    if (plain.size !== medians.length) throw new Error(`${medians.length} routes, by a plain loop ${plain.size}`);
  },
);

report(json, { job: 'group-by', seconds, answer: delay, threads: sc.threads, plainSeconds }, () => [
  `route ${route} has the largest median delay: ${delay.toFixed(3)} minutes (${rows} delays of ${medians.length} routes)`,
]);
