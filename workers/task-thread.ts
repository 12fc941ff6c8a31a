// A worker thread: opens the heap, and runs the tasks that the pool hands it.

import { MessageChannel, parentPort, threadId, workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { markTaskThread } from '../lib/core/nesting.js';
import { nodeEndpoint } from '../lib/transport/local/endpoint.js';
import type { DriverCalls, Hello, PackedAnswers, ThreadBatch, ThreadData } from '../lib/transport/local/messages.js';
import { moved, ThreadRunner } from '../lib/transport/local/thread-runner.js';

markTaskThread();
const { port1, port2 } = new MessageChannel();
const driver = Comlink.wrap<DriverCalls>(nodeEndpoint(port1));
const given = (Array.isArray(workerData) ? workerData[1] : workerData) as ThreadData | null | undefined;
let runner: ThreadRunner | undefined = given ? new ThreadRunner(given) : undefined;

/** The pool calls this for every batch of tasks. */
export async function runTasks(batch: ThreadBatch): Promise<PackedAnswers> {
  runner ??= await openLater();
  return moved(await runner.run(batch));
}

/** This thread is older than the context. */
async function openLater(): Promise<ThreadRunner> {
  const { data, environment } = await driver.work();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
  return new ThreadRunner(data);
}

parentPort!.postMessage({ heddle: 'hello', port: port2 } satisfies Hello, [port2]);
port1.unref();
void driver.started(threadId, performance.now());
