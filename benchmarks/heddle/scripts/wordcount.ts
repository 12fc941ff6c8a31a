// heddle run wordcount.ts TEXT THREADS
import { Context } from 'heddle';

const [text, threads] = process.argv.slice(2) as [string, string];
await using sc = await Context.create({ threads: Number(threads), progress: false });
const counts = await sc
  .textFile(text)
  .flatMap(line => line.split(' '))
  .map(word => [word, 1])
  .reduceByKey((a, b) => a + b)
  .collect();
const total = counts.reduce((sum, [, count]) => sum + count, 0);
console.log(JSON.stringify({ what: 'script', seconds: sc.lastJob?.seconds ?? 0, answer: counts.length, total }));
