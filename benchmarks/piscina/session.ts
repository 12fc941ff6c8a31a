// The thread pool by hand as a session program: JOB THREADS SIZE TEXT.
import { KEYS } from '../jobs.js';
import { say, serve, sessionArguments } from '../session.js';
import { countInside, countWords, createPool, sumByKey } from './jobs.js';

const { job, threads, size, text } = sessionArguments();
const start = performance.now();
const pool = createPool(threads);
say('piscina', job, 'context', (performance.now() - start) / 1000, { answer: threads });
switch (job) {
  case 'wordcount':
    await serve(
      'piscina',
      job,
      async () => [...(await countWords(pool, text, threads))],
      counts => ({ answer: counts.length, total: counts.reduce((sum, [, count]) => sum + count, 0) }),
    );
    break;
  case 'pi':
    await serve(
      'piscina',
      job,
      () => countInside(pool, size, threads),
      answer => ({ answer }),
    );
    break;
  case 'reduceByKey':
    await serve(
      'piscina',
      job,
      () => sumByKey(pool, size, KEYS, threads),
      sums => ({ answer: sums.size }),
    );
    break;
  default:
    throw new Error(`the thread pool by hand has no job ${job}`);
}
await pool.destroy();
