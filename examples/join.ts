// Joins orders with the customers who placed them, and sums the revenue of each country. The orders are random: one seed
// gives the same orders on any number of threads.
//
//   heddle run examples/join.ts [--orders n] [--customers n] [--seed n] [--threads n] [--check] [--json]
import { Context } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const flags = { orders: 1_000_000, customers: 50_000, seed: 0 };
const { orders, customers, seed, threads, json, check } = commandLine('join.ts [--orders n] [--customers n] [--seed n]', flags);
const countries = ['Brazil', 'Canada', 'Egypt', 'Finland', 'India', 'Japan', 'Kenya'];

await using sc = await Context.create({ threads, seed });
const countryOf = sc.range(customers).map(customer => [customer, countries[customer % countries.length]!]);
const centsOf = sc.trials(orders, (rng): [number, number] => [rng.int(customers), rng.int(10_000)]);

const started = performance.now();
const revenue = await centsOf
  .join(countryOf)
  .map(([, [cents, country]]) => [country, cents])
  .reduceByKey((a, b) => a + b)
  .collect();
const seconds = (performance.now() - started) / 1000;

const cents = revenue.reduce((sum, [, ofCountry]) => sum + ofCountry, 0);

const plainSeconds = await checked(
  check,
  () => centsOf.collect(),
  list => {
    const plain = new Map<string, number>();
    for (const [customer, cents] of list) {
      const country = countries[customer % countries.length]!;
      plain.set(country, (plain.get(country) ?? 0) + cents);
    }
    for (const [country, ofCountry] of revenue)
      if (plain.get(country) !== ofCountry) throw new Error(`${country} has ${ofCountry}, by a plain loop ${plain.get(country)}`);
    if (plain.size !== revenue.length) throw new Error(`${revenue.length} countries, by a plain loop ${plain.size}`);
  },
);

report(json, { job: 'join', seconds, answer: cents, threads: sc.threads, plainSeconds }, () => {
  revenue.sort(([, a], [, b]) => b - a);
  return [
    ...revenue.map(([country, ofCountry]) => `${(ofCountry / 100).toFixed(2).padStart(14)}  ${country}`),
    `${(cents / 100).toFixed(2).padStart(14)}  in all, of ${orders} orders by ${customers} customers`,
  ];
});
