// The plain loops as a session program: JOB THREADS SIZE TEXT (threads are of no use here).
import { checkRanks, KEYS } from '../jobs.js';
import { serve, sessionArguments } from '../session.js';
import { shuffleCells } from './mxr.js';
import { linkTargets, rank } from './pagerank.js';
import { throwPoints } from './pi.js';
import { sumByKey } from './reduceByKey.js';
import { countWords, countWordsThroughJson } from './wordcount.js';

const { job, size, text } = sessionArguments();
switch (job) {
  case 'wordcount':
  case 'wordcount-json':
    await serve(
      'loop',
      job,
      () => [...(job === 'wordcount' ? countWords(text) : countWordsThroughJson(text))],
      counts => ({ answer: counts.length, total: counts.reduce((sum, [, count]) => sum + count, 0) }),
    );
    break;
  case 'mxr':
    await serve(
      'loop',
      job,
      () => shuffleCells(size),
      answer => ({ answer }),
    );
    break;
  case 'pagerank': {
    const targets = linkTargets(size);
    await serve(
      'loop',
      job,
      () => rank(targets),
      ranks => checkRanks(ranks.entries()),
    );
    break;
  }
  case 'pi':
    await serve(
      'loop',
      job,
      () => throwPoints(size),
      answer => ({ answer }),
    );
    break;
  case 'reduceByKey':
    await serve(
      'loop',
      job,
      () => sumByKey(0, size, KEYS),
      sums => ({ answer: sums.size }),
    );
    break;
  default:
    throw new Error(`the plain loops have no job ${job}`);
}
