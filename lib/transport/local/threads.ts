// The tasks of a process on their way to its worker threads, several to a message where they are quick.
//
// What a thread takes from the heap is booked under the index that its batch came with; no two batches under way have the same. A
// task that is called off gets a flag first, which its loops look at between batches; where user code does not come back, its
// thread is ended. A thread that ends by itself (process.exit, out of memory) is the fault of the task that it was at: for those before
// it in its batch, whose results are gone, that is no failure, and those behind it go to another thread.

import { type ErrorRecord, HeddleError, toErrorRecord } from '../../core/errors.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import { loadWord, storeWord } from '../../shuffle/heap/words.js';
import type { TaskResult, TaskSpec } from '../../task/spec.js';
import { CallOffs, type Siblings } from '../call-offs.js';
import { MOST_WAIT_MS, type TaskOutcome } from '../contract.js';
import { Batches } from './batches.js';
import type { ThreadAnswer, ThreadData } from './messages.js';
import { alike, packTasks, unpackAnswers } from './packing.js';
import { type ThreadPool, takePool } from './pool.js';

/** How long a called-off task may take to notice before its thread is ended. */
const GRACE_MS = 1000;

type Outcome = TaskOutcome<TaskResult>;

/** What was under way under an index of the heap's books. */
interface Flight {
  readonly index: number;
  readonly runs: readonly Run[];
  readonly end: AbortController;
}

interface Run {
  readonly spec: TaskSpec;
  readonly slot: number;
  readonly isQuick: boolean;
  readonly signal: AbortSignal;
  readonly resolve: (outcome: Outcome) => void;
  /** When it came, in milliseconds. */
  readonly since: number;
  /** Those that its signal calls off. */
  siblings: Siblings<Run> | undefined;
  /** Undefined while it waits. */
  flight: Flight | undefined;
  timer: NodeJS.Timeout | undefined;
}

export interface ThreadsOptions {
  readonly threads: number;
  readonly heap: Heap;
  readonly data: ThreadData;
  /** Not only quick tasks go back where no thread is free in time. */
  readonly givesBack: boolean;
  /** Gives back what a thread held under an index, in the middle of a task. */
  recover(index: number, spec: TaskSpec): void;
}

export class Threads {
  private readonly pool: ThreadPool;
  private readonly waiting = new Batches<Run>();
  private readonly idle: number[];
  private readonly callOffs = new CallOffs<Run>(run => this.callOff(run));
  /** Of flights that came back: to make one costs more than many a task. */
  private readonly ends: AbortController[] = [];
  private isDue = false;
  private watch: NodeJS.Timeout | undefined;
  private closing = false;

  constructor(private readonly options: ThreadsOptions) {
    const { threads, data } = options;
    this.idle = Array.from(new Array(threads).keys()).reverse();
    this.pool = takePool(threads, data);
    this.pool.serve(data);
  }

  /** Milliseconds that each thread took to start, as they came up. */
  get startTimes(): readonly number[] {
    return this.pool.startTimes;
  }

  /** Never rejects. A quick task may go together with others. */
  run(spec: TaskSpec, slot: number, isQuick: boolean, signal: AbortSignal): Promise<Outcome> {
    if (this.closing) return Promise.resolve(ended());
    return new Promise(resolve => {
      const run: Run = {
        spec,
        slot,
        isQuick,
        signal,
        resolve,
        since: performance.now(),
        siblings: undefined,
        flight: undefined,
        timer: undefined,
      };
      run.siblings = this.callOffs.add(signal, run);
      if (run.siblings === undefined) {
        resolve(calledOff());
        return;
      }
      storeWord(this.options.heap.i32, this.flagOf(run), 0);
      this.waiting.add(run);
      if (this.goesBack(run)) this.watch ??= setTimeout(() => this.sendBack(), MOST_WAIT_MS);
      if (this.isDue) return;
      this.isDue = true;
      // What is launched in one turn goes together.
      queueMicrotask(() => {
        this.isDue = false;
        this.send();
      });
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    clearTimeout(this.watch);
    for (const run of this.waiting.drain()) this.settle(run, ended());
    await this.pool.piscina.destroy();
  }

  private send(): void {
    while (this.idle.length > 0) {
      const next = this.waiting.next(this.idle.length);
      if (next === undefined) return;
      const runs = next.slice(0, alike(next));
      this.waiting.putBack(next.slice(runs.length));
      void this.fly({ index: this.idle.pop()!, runs, end: this.ends.pop() ?? new AbortController() });
    }
  }

  /** Has those go back that have waited for too long. */
  private sendBack(): void {
    const due = performance.now() - MOST_WAIT_MS;
    const waiting = this.waiting.all().filter(run => this.goesBack(run));
    let left = 0;
    for (const run of waiting) {
      if (run.since <= due && this.waiting.remove(run)) this.settle(run, notBegun());
      else left++;
    }
    this.watch = left === 0 ? undefined : setTimeout(() => this.sendBack(), MOST_WAIT_MS);
  }

  private goesBack({ isQuick }: Run): boolean {
    return isQuick || this.options.givesBack;
  }

  private async fly(flight: Flight): Promise<void> {
    const { index, runs, end } = flight;
    for (const run of runs) run.flight = flight;
    storeWord(this.options.heap.i32, this.progressOf(flight), 0);
    let answers: ThreadAnswer[];
    try {
      answers = unpackAnswers(await this.pool.piscina.run({ index, tasks: packTasks(runs) }, { signal: end.signal }));
    } catch (error) {
      this.lose(flight, error);
      return;
    }
    this.idle.push(index);
    if (!end.signal.aborted) this.ends.push(end);
    this.putBack(runs.slice(answers.length));
    this.waiting.begun(answers.length, runs.length);
    this.send(); // a thread has its next tasks before what these have given is looked at
    for (const [i, answer] of answers.entries()) this.settle(runs[i]!, answer.ok ? answer : { ...answer, retryable: false });
  }

  private lose(flight: Flight, cause: unknown): void {
    const { index, runs } = flight;
    const at = loadWord(this.options.heap.i32, this.progressOf(flight));
    const culprit = runs[at]!;
    this.options.recover(index, culprit.spec);
    this.idle.push(index);
    this.putBack(runs.slice(at + 1));
    this.settle(culprit, { ok: false, error: lost(cause, culprit.spec), retryable: !this.closing && !culprit.signal.aborted });
    for (const run of runs.slice(0, at)) {
      const retryable = !this.closing && !run.signal.aborted;
      this.settle(run, { ok: false, error: lostWith(culprit.spec, run.spec), retryable, reason: 'notBegun' });
    }
    this.send();
  }

  /** Nobody has begun these. */
  private putBack(runs: readonly Run[]): void {
    const again: Run[] = [];
    for (const run of runs) {
      clearTimeout(run.timer);
      run.flight = undefined;
      if (this.closing) this.settle(run, ended());
      else if (run.signal.aborted) this.settle(run, calledOff());
      else again.push(run);
    }
    this.waiting.putBack(again);
  }

  private settle(run: Run, outcome: Outcome): void {
    clearTimeout(run.timer);
    run.siblings?.delete(run);
    run.resolve(outcome);
  }

  private callOff(run: Run): void {
    if (this.waiting.remove(run)) {
      this.settle(run, calledOff());
      return;
    }
    storeWord(this.options.heap.i32, this.flagOf(run), 1);
    this.endSoon(run);
  }

  /** Ends the thread that does not come back from a run, but not from another one of its batch. */
  private endSoon(run: Run): void {
    run.timer = setTimeout(() => {
      const { runs, end } = run.flight!;
      if (runs[loadWord(this.options.heap.i32, this.progressOf(run.flight!))] === run) end.abort();
      else this.endSoon(run);
    }, GRACE_MS);
  }

  private flagOf({ slot }: Run): number {
    return this.options.data.cancelFlags + slot * 4;
  }

  private progressOf({ index }: Flight): number {
    return this.options.data.progress + index * 4;
  }
}

function calledOff(): Outcome {
  return { ok: false, error: toErrorRecord(new HeddleError('HEDDLE_CANCELLED', 'the task was called off')), retryable: false };
}

function notBegun(): Outcome {
  const error = new HeddleError('HEDDLE_TIMEOUT', `no thread was free for the task within ${MOST_WAIT_MS} ms`);
  return { ok: false, error: toErrorRecord(error), retryable: true, reason: 'notBegun' };
}

function ended(): Outcome {
  return { ok: false, error: toErrorRecord(new HeddleError('HEDDLE_CONTEXT_STOPPED', 'the threads were ended')), retryable: false };
}

function lost(error: unknown, { stageName, partition, attempt }: TaskSpec): ErrorRecord {
  const why = error instanceof Error ? error.message : String(error);
  const place = `partition ${partition}, attempt ${attempt}`;
  const message = `${stageName}: the worker thread ended in the middle of a task (${why}): process.exit in a closure, or out of memory (${place})`;
  return toErrorRecord(new HeddleError('HEDDLE_THREAD_LOST', message, { data: { stage: stageName, partition, attempt }, cause: error }));
}

/** The error of a task whose result went with the thread that another one ended. */
function lostWith(culprit: TaskSpec, { stageName, partition, attempt }: TaskSpec): ErrorRecord {
  const other = `partition ${culprit.partition} of ${culprit.stageName}`;
  const message = `${stageName}: the result was lost with its worker thread, which ended at ${other} (partition ${partition}, attempt ${attempt})`;
  return toErrorRecord(new HeddleError('HEDDLE_THREAD_LOST', message, { data: { stage: stageName, partition, attempt } }));
}
