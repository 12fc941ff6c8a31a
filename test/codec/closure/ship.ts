// Sends closures to a real worker thread and gives back what they return there.
import { once } from 'node:events';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { captureClosure } from '../../../lib/codec/closure/capture.js';
import type { ShippedClosure } from '../../../lib/codec/closure/types.js';
import type { Answer, Request } from './fixtures/worker.js';

export class ClosureWorker {
  private readonly worker: Worker;
  constructor(options?: WorkerOptions) {
    this.worker = new Worker(new URL('./fixtures/worker.js', import.meta.url), options);
    this.worker.unref();
  }

  async call(closure: ShippedClosure, ...args: unknown[]): Promise<unknown> {
    this.worker.ref(); // only a call keeps the process alive, so that no test has to end the worker
    this.worker.postMessage({ closure, args } satisfies Request);
    const [answer] = (await once(this.worker, 'message')) as [Answer];
    this.worker.unref();
    if ('error' in answer) throw Object.assign(new Error(answer.error), { stack: answer.error });
    return answer.result;
  }
}

let shared: ClosureWorker | undefined;

/** Captures the function, calls it in a worker thread and gives the result. */
export function ship(fn: (...args: never[]) => unknown, ...args: unknown[]): Promise<unknown> {
  shared ??= new ClosureWorker();
  return shared.call(captureClosure(fn, 'map'), ...args);
}
