// Estimates pi: the share of random points of the unit square that fall into the quarter circle is pi / 4.
// One seed gives one answer, on any number of threads.
//
//   heddle run examples/pi.ts [--samples n] [--seed n] [--threads n] [--check] [--json]
import { Context } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const { samples, seed, threads, json, check } = commandLine('pi.ts [--samples n] [--seed n]', { samples: 10_000_000, seed: 0 });

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

// Other random numbers: the two differ by chance only, and hardly ever by so much.
const plainSeconds = await checked(
  check,
  async () => {},
  () => {
    let inside = 0;
    for (let i = 0; i < samples; i++) {
      const x = Math.random();
      const y = Math.random();
      if (x * x + y * y < 1) inside++;
    }
    const plain = (4 * inside) / samples;
    if (Math.abs(plain - pi) > 7 * Math.SQRT2 * standardError) throw new Error(`pi is ${pi}, by a plain loop ${plain}`);
  },
);

report(json, { job: 'pi', seconds, answer: pi, threads: sc.threads, plainSeconds, standardError }, () => [
  `pi is ${pi} ± ${standardError.toPrecision(2)} (${samples} samples, seed ${seed})`,
]);
