// A worker thread: opens the heap, and runs the tasks that the pool hands it.

import { MessageChannel, parentPort, threadId, workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { markTaskThread } from '../lib/core/nesting.js';
import { nodeEndpoint } from '../lib/transport/local/endpoint.js';
import type { DriverCalls, Hello, ThreadAnswer, ThreadData, ThreadTask } from '../lib/transport/local/messages.js';
import { moved, ThreadRunner } from '../lib/transport/local/thread-runner.js';

markTaskThread();
const { port1, port2 } = new MessageChannel();
const driver = Comlink.wrap<DriverCalls>(nodeEndpoint(port1));
const runner = new ThreadRunner((Array.isArray(workerData) ? workerData[1] : workerData) as ThreadData, {
  started: (thread, milliseconds) => void driver.started(thread, milliseconds),
  processStarted: (slot, pid) => void driver.processStarted(slot, pid),
  processEnded: (slot, pid) => void driver.processEnded(slot, pid),
});

/** The pool calls this for every task. */
export async function runTask(task: ThreadTask): Promise<ThreadAnswer> {
  return moved(await runner.run(task));
}

parentPort!.postMessage({ heddle: 'hello', port: port2 } satisfies Hello, [port2]);
port1.unref();
void driver.started(threadId, performance.now());
