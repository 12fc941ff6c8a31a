// Finds the accounts that have not been seen: all of them, without those in a log of visits. Keys are equal by value, so an
// account may be a pair as well as a number. The visits are random: one seed gives the same on any number of threads.
//
//   heddle run examples/subtract.ts [--accounts n] [--visits n] [--seed n] [--threads n] [--check] [--json]
import { Context } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const flags = { accounts: 500_000, visits: 1_000_000, seed: 0 };
const { accounts, visits, seed, threads, json, check } = commandLine('subtract.ts [--accounts n] [--visits n] [--seed n]', flags);

await using sc = await Context.create({ threads, seed });
const all = sc.range(accounts);
const seen = sc.trials(visits, rng => rng.int(accounts));

const started = performance.now();
const unseen = await all.subtract(seen).collect();
const seconds = (performance.now() - started) / 1000;

const plainSeconds = await checked(
  check,
  () => seen.collect(),
  log => {
    const visited = new Set(log);
    const expected: number[] = [];
    for (let account = 0; account < accounts; account++) if (!visited.has(account)) expected.push(account);
    unseen.sort((a, b) => a - b);
    if (unseen.length !== expected.length || unseen.some((account, i) => account !== expected[i]))
      throw new Error(`${unseen.length} accounts are left, by a plain loop ${expected.length}`);
  },
);

// Each visit misses an account with the same probability.
const expected = accounts * (1 - 1 / accounts) ** visits;
report(json, { job: 'subtract', seconds, answer: unseen.length, threads: sc.threads, plainSeconds }, () => [
  `${unseen.length} of ${accounts} accounts are not among ${visits} visits; ${expected.toFixed(0)} are to be expected`,
]);
