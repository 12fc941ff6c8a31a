// heddle run reduceByKey.ts RECORDS THREADS
import { Context } from 'heddle';

const [records, threads] = process.argv.slice(2).map(Number) as [number, number];
await using sc = await Context.create({ threads, progress: false });
const answer = await sc
  .range(records)
  .map(i => [i % 1e6, 1])
  .reduceByKey((a, b) => a + b)
  .count();
console.log(JSON.stringify({ what: 'script', seconds: sc.lastJob?.seconds ?? 0, answer }));
