// Estimates pi: the share of random points of the unit square that fall into the quarter circle is pi / 4.
// One seed gives one answer, on any number of threads.
//
//   heddle run examples/pi.ts [--samples n] [--seed n] [--threads n] [--json]
import { Context } from 'heddle';
import { commandLine, report } from './command-line.js';

const { samples, seed, threads, json } = commandLine('pi.ts [--samples n] [--seed n]', { samples: 10_000_000, seed: 0 });

await using sc = await Context.create({ threads, seed });
const started = performance.now();
const share = await sc
  .trials(samples, rng => {
    const x = rng.uniform();
    const y = rng.uniform();
    return x * x + y * y < 1 ? 1 : 0;
  })
  .mean();
const seconds = (performance.now() - started) / 1000;

const pi = 4 * share;
const standardError = 4 * Math.sqrt((share * (1 - share)) / samples);

report(json, { job: 'pi', seconds, answer: pi, threads: sc.threads, standardError }, () => [
  `pi is ${pi} ± ${standardError.toPrecision(2)} (${samples} samples, seed ${seed})`,
  `${seconds.toFixed(2)} s, ${sc.threads} threads`,
]);
