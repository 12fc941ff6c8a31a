// A Piscina pool of worker threads. They may be started before anybody knows what they will work on: starting a
// thread takes longer than loading most scripts, and `heddle run` lets the two overlap.

import * as Comlink from 'comlink';
import { Piscina } from 'piscina';
import { builtFile } from '../../core/places.js';
import { nodeEndpoint } from './endpoint.js';
import type { DriverCalls, Hello, PackedAnswers, ThreadBatch, ThreadData, Work } from './messages.js';

let early: ThreadPool | undefined;

/** Starts threads for the first transport of this process that wants as many. They keep no process from ending. */
export function startEarly(count: number): void {
  early ??= new ThreadPool(count, undefined);
}

/** The threads that were started early, if they are as many; else new ones. */
export function takePool(count: number, data: ThreadData): ThreadPool {
  const waiting = early;
  early = undefined;
  if (waiting?.count === count) return waiting;
  void waiting?.piscina.destroy();
  return new ThreadPool(count, data);
}

export class ThreadPool {
  readonly piscina: Piscina<ThreadBatch, PackedAnswers>;
  /** Milliseconds that each thread took to start, as they came up. */
  readonly startTimes: number[] = [];
  private give: (work: Work) => void = () => {};
  private readonly work = new Promise<Work>(resolve => {
    this.give = resolve;
  });

  /** Without `data` the threads ask for it with their first task. */
  constructor(
    readonly count: number,
    data: ThreadData | undefined,
  ) {
    this.piscina = new Piscina({
      filename: builtFile('lib/bundle/thread.cjs').href,
      name: 'runTasks',
      minThreads: count,
      maxThreads: count,
      idleTimeout: Number.POSITIVE_INFINITY,
      // The user's loaders and flags are the main thread's: a closure's modules are imported as they are needed.
      execArgv: [],
      workerData: data,
    });
    this.piscina.on('error', () => {}); // every loss shows in the outcome of the task that it hit
    this.piscina.on('message', (message: Hello) => this.greet(message));
  }

  /** What they work on. The environment is that of this moment: the script may have set variables since they started. */
  serve(data: ThreadData): void {
    this.give({ data, environment: { ...process.env } });
  }

  private greet(message: Hello): void {
    if (message?.heddle !== 'hello') return;
    const calls: DriverCalls = {
      work: () => this.work,
      started: (_thread, milliseconds) => void this.startTimes.push(milliseconds),
    };
    Comlink.expose(calls, nodeEndpoint(message.port));
    message.port.unref();
  }
}
