// Sums 1 for every record (i mod 1 M, 1) by key, and counts the keys.
//
//   heddle run benchmarks/heddle/scripts/reduceByKey.ts [--records n] [--threads n] [--json]
import { parseArgs } from 'node:util';
import { Context } from 'heddle';

const { values } = parseArgs({
  options: { records: { type: 'string', default: '20000000' }, threads: { type: 'string', default: '2' }, json: { type: 'boolean' } },
});
await using sc = await Context.create({ threads: Number(values.threads) });
const started = performance.now();
const answer = await sc
  .range(Number(values.records))
  .map(i => [i % 1e6, 1])
  .reduceByKey((a, b) => a + b)
  .count();
const seconds = (performance.now() - started) / 1000;
console.log(values.json ? JSON.stringify({ job: 'reduceByKey', seconds, answer, threads: sc.threads }) : `${answer} keys`);
