// heddle run pi.ts TRIALS THREADS
import { Context } from 'heddle';

const [trials, threads] = process.argv.slice(2).map(Number) as [number, number];
await using sc = await Context.create({ threads, progress: false });
const answer = await sc
  .trials(trials, rng => {
    const x = rng.uniform() * 2 - 1;
    const y = rng.uniform() * 2 - 1;
    return x * x + y * y < 1 ? 1 : 0;
  })
  .sum();
console.log(JSON.stringify({ what: 'script', seconds: sc.lastJob?.seconds ?? 0, answer }));
