// Heddle with executors as a session program: JOB THREADS SIZE TEXT. As many executors as there are to be threads, of one each;
// for executors-killed two, of that many each, and with a fifth argument one of them is killed in each run.
import { say, serve, sessionArguments } from '../session.js';
import { Fleet } from './fleet.js';
import { type HeddleJob, tasks, wordcount } from './jobs.js';

const { job, threads, size, text } = sessionArguments();
const isKilling = process.argv[6] === 'kill';
const isPair = job === 'executors-killed';
const start = performance.now();
await using fleet = isPair ? await Fleet.start(2, threads, threads) : await Fleet.start(threads, 1, threads);
const { sc } = fleet;
say('heddle', job, 'context', (performance.now() - start) / 1000, { answer: threads });

const serveJob = <T>({ run, answer }: HeddleJob<T>) => serve('heddle', job, run, answer);
if (job === 'executors-tasks') await serveJob(tasks(sc, size));
else if (!isKilling) await serveJob(wordcount(sc, text));
else await serveKilled(wordcount(sc, text));

/** An executor ends when half of the map tasks have; before the next run another one takes its place, and is warmed up. */
async function serveKilled<T>({ run, answer }: HeddleJob<T>): Promise<void> {
  let [maps, left] = [-1, 0];
  sc.on('jobStarted', ({ stages }) => {
    maps = stages[0]!.stage;
    left = Math.ceil(stages[0]!.tasks / 2);
  });
  let isArmed = true;
  sc.on('taskEnded', ({ stage, ok }) => {
    if (isArmed && ok && stage === maps && --left === 0) {
      isArmed = false;
      fleet.kill();
    }
  });
  await serve('heddle', job, run, async result => {
    if (isArmed) throw new Error('no executor was killed');
    await fleet.add();
    await run();
    isArmed = true;
    return answer(result);
  });
}
