// Heddle as a session program: JOB THREADS SIZE TEXT. One context, and a job on it for every request.
import { Context } from 'heddle';
import { say, serve, sessionArguments } from '../session.js';
import {
  groupByKey,
  groupSums,
  type HeddleJob,
  join,
  mxr,
  pagerank,
  partitionBy,
  pi,
  reduceByKey,
  skew,
  small,
  sortByKey,
  spillGroup,
  spillSort,
  tasks,
  wordcount,
  wordcountJson,
} from './jobs.js';

const { job, threads, size, text, memory } = sessionArguments();
const start = performance.now();
await using sc = await Context.create({ threads, progress: false, memory });
say('heddle', job, 'context', (performance.now() - start) / 1000, { answer: threads });

const numeric = {
  pi,
  reduceByKey,
  skew,
  groupByKey,
  'group-sums': groupSums,
  partitionBy,
  sortByKey,
  join,
  tasks,
  'executors-tasks': tasks,
  mxr,
  small,
};
const serveJob = <T>({ run, answer }: HeddleJob<T>) => serve('heddle', job, run, answer);
if (job === 'wordcount' || job === 'wordcount-1gb' || job === 'executors-wordcount') await serveJob(wordcount(sc, text));
else if (job === 'pagerank') await serveJob(pagerank(sc, size));
else if (job === 'spill-sort') await serveJob(spillSort(sc, size));
else if (job === 'spill-group') await serveJob(spillGroup(sc, text));
else if (job === 'wordcount-json') await serveJob(wordcountJson(sc, text));
else if (job in numeric) await serveJob(numeric[job as keyof typeof numeric](sc, size));
else throw new Error(`heddle has no job ${job}`);
