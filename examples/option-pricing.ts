// Prices a European and an Asian call option in four ways, each with as many paths: plain trials, antithetic ones, with a control
// variate, and on Sobol points. The European price is known (Black and Scholes, 1973), so each way is checked; an Asian option, on
// the average of the price, has no formula, but one on its geometric mean has (Kemna and Vorst, 1990): that is its control.
// One seed gives one answer, on any number of threads.
//
//   heddle run examples/option-pricing.ts [--trials n] [--steps n] [--seed n] [--threads n] [--json]
import { Context, normalQuantile, type Rng } from 'heddle';
import { commandLine, report } from './command-line.js';

const flags = { trials: 200_000, steps: 12, seed: 0 };
const { trials, steps, seed, threads, json } = commandLine('option-pricing.ts [--trials n] [--steps n] [--seed n]', flags);

const [spot, strike, rate, volatility, years] = [100, 105, 0.03, 0.25, 1];
const discount = Math.exp(-rate * years);

interface Path {
  european: number;
  asian: number;
  /** The option on the geometric mean. */
  geometric: number;
  /** The share itself, discounted. */
  share: number;
}

/** What is paid at the end of a path, discounted; z are its steps, standard normal. */
function follow(z: readonly number[]): Path {
  const step = years / steps;
  let log = Math.log(spot);
  let sum = 0;
  let logs = 0;
  for (const shock of z) {
    log += (rate - volatility ** 2 / 2) * step + volatility * Math.sqrt(step) * shock;
    sum += Math.exp(log);
    logs += log;
  }
  const paid = (price: number) => discount * Math.max(price - strike, 0);
  return {
    european: paid(Math.exp(log)),
    asian: paid(sum / steps),
    geometric: paid(Math.exp(logs / steps)),
    share: discount * Math.exp(log),
  };
}

function payoffs(z: readonly number[]): number[] {
  const { european, asian } = follow(z);
  return [european, asian];
}

function shocks(rng: Rng): number[] {
  const z: number[] = [];
  for (let i = 0; i < steps; i++) z.push(rng.normal());
  return z;
}

/** Marsaglia, "Evaluating the normal distribution", J. Stat. Software 11(4), 2004. */
function normalCdf(x: number): number {
  let [sum, last, term] = [x, 0, x];
  for (let i = 3; sum !== last; i += 2) {
    last = sum;
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-(x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** The price of a call on what is log-normal at the end. */
function blackScholes(mean: number, variance: number): number {
  const d = (mean - Math.log(strike) + variance) / Math.sqrt(variance);
  return discount * (Math.exp(mean + variance / 2) * normalCdf(d) - strike * normalCdf(d - Math.sqrt(variance)));
}
const drift = rate - volatility ** 2 / 2;
const european = blackScholes(Math.log(spot) + drift * years, volatility ** 2 * years);
const geometric = blackScholes(
  Math.log(spot) + (drift * years * (steps + 1)) / (2 * steps),
  (volatility ** 2 * years * (steps + 1) * (2 * steps + 1)) / (6 * steps ** 2),
);

await using sc = await Context.create({ threads, seed });
const started = performance.now();

interface Price {
  readonly mean: number;
  readonly standardError: number;
}
const results: { way: string; european: Price; asian: Price }[] = [];

const plain = await sc.trials(trials, rng => payoffs(shocks(rng))).summary({ quantiles: [] });
results.push({ way: 'plain', european: plain.components[0]!, asian: plain.components[1]! });

// Half as many pairs: each of them is two paths.
const pairs = sc.trials(Math.ceil(trials / 2), rng => payoffs(shocks(rng)), { antithetic: true });
const halves = await pairs.summary({ quantiles: [] });
results.push({ way: 'antithetic', european: halves.components[0]!, asian: halves.components[1]! });

const followed = sc.trials(trials, rng => follow(shocks(rng)));
results.push({
  way: 'control variate',
  european: await followed.map(path => [path.european, path.share]).controlVariate(spot),
  asian: await followed.map(path => [path.asian, path.geometric]).controlVariate(geometric),
});

// Points of one sequence are not independent, so the error comes from 16 sequences, each scrambled by its own seed.
const sequences = await Promise.all(
  Array.from({ length: 16 }, (_, sequence) =>
    sc
      .trials(Math.ceil(trials / 16), rng => payoffs(rng.sobol(steps).map(u => normalQuantile(u))), {
        seed: `${seed}, sequence ${sequence}`,
      })
      .summary({ quantiles: [] }),
  ),
);
const sobol = await sc.parallelize(sequences.map(({ components }) => components.map(({ mean }) => mean))).summary();
results.push({ way: 'Sobol points', european: sobol.components[0]!, asian: sobol.components[1]! });
const seconds = (performance.now() - started) / 1000;

const best = results[2]!.asian;
for (const { way, european: e, asian: a } of results) {
  if (Math.abs(e.mean - european) > 6 * e.standardError) throw new Error(`${way}: ${e.mean} ± ${e.standardError} is not ${european}`);
  if (Math.abs(a.mean - best.mean) > 6 * Math.hypot(a.standardError, best.standardError))
    throw new Error(`${way}: ${a.mean} ± ${a.standardError} is not ${best.mean}`);
}

const short = ({ mean, standardError }: Price) => ({ mean, standardError });
const ways = results.map(({ way, european, asian }) => ({ way, european: short(european), asian: short(asian) }));
const more = { blackScholes: european, standardError: best.standardError, ways };
report(json, { job: 'option-pricing', seconds, answer: best.mean, threads: sc.threads, plainSeconds: undefined, ...more }, () => {
  const price = ({ mean, standardError }: Price) => `${mean.toFixed(5)} ± ${standardError.toFixed(5)}`.padStart(20);
  return [
    `${''.padEnd(16)}${'European'.padStart(20)}${'Asian'.padStart(20)}`,
    ...results.map(({ way, european, asian }) => `${way.padEnd(16)}${price(european)}${price(asian)}`),
    `${'Black-Scholes'.padEnd(16)}${european.toFixed(5).padStart(10)}`,
    `${trials} paths of ${steps} steps each`,
  ];
});
