// What waits for a thread, and which of it goes there together.
//
// A task that was given to a slot goes as soon as a thread is free. Quick ones, which were given to places in the queue, go along with
// one of the same stage, or by themselves once none is before them; the stages take turns. An attempt that follows another goes
// alone: it may be the one that ends threads.

/** More to a message would save nothing. */
const MOST_TOGETHER = 32;

export interface Batched {
  readonly spec: { readonly stage: number; readonly attempt: number };
  /** It was given to a place in the queue. */
  readonly isQuick: boolean;
}

export class Batches<Run extends Batched> {
  private readonly first: Run[] = [];
  /** By stage; none is empty. */
  private readonly quick = new Map<number, Run[]>();
  /** Tasks to a message: as many as threads lately got to in the time that they have for one. */
  private most = MOST_TOGETHER;

  add(run: Run): void {
    if (run.isQuick) this.ofStage(run).push(run);
    else this.first.push(run);
  }

  /** Adds what has come back from a thread, before all else. */
  putBack(runs: readonly Run[]): void {
    for (const run of runs.toReversed()) {
      if (run.isQuick) this.ofStage(run).unshift(run);
      else this.first.unshift(run);
    }
  }

  /** Whether it was there. */
  remove(run: Run): boolean {
    const list = run.isQuick ? (this.quick.get(run.spec.stage) ?? []) : this.first;
    const at = list.indexOf(run);
    if (at < 0) return false;
    list.splice(at, 1);
    if (run.isQuick && list.length === 0) this.quick.delete(run.spec.stage);
    return true;
  }

  /** What one of so many idle threads is to run; undefined when nothing waits. */
  next(idle: number): Run[] | undefined {
    const [stage] = this.quick.keys();
    const first = this.first.shift() ?? (stage === undefined ? undefined : this.takeQuick(stage, 1)[0]);
    if (first === undefined || first.spec.attempt > 0) return first && [first];
    const waiting = this.quick.get(first.spec.stage);
    if (waiting === undefined) return [first];
    const again = waiting.findIndex(({ spec }) => spec.attempt > 0);
    const most = Math.min(this.most - 1, Math.ceil(waiting.length / idle), again < 0 ? waiting.length : again);
    return [first, ...this.takeQuick(first.spec.stage, most)];
  }

  /** Of a message of so many tasks a thread has begun so many: what it does not get to goes to and fro for nothing. */
  begun(tasks: number, of: number): void {
    if (tasks < of) this.most = tasks + 1;
    else if (of >= this.most) this.most = Math.min(MOST_TOGETHER, 2 * this.most);
  }

  /** Those may be removed meanwhile. */
  all(): Run[] {
    return this.first.concat(...this.quick.values());
  }

  /** Removes and returns all. */
  drain(): Run[] {
    const all = this.all();
    this.first.length = 0;
    this.quick.clear();
    return all;
  }

  /** Then it is the turn of other stages. */
  private takeQuick(stage: number, n: number): Run[] {
    const waiting = this.quick.get(stage)!;
    const taken = waiting.splice(0, n);
    this.quick.delete(stage);
    if (waiting.length > 0) this.quick.set(stage, waiting);
    return taken;
  }

  private ofStage({ spec: { stage } }: Run): Run[] {
    let list = this.quick.get(stage);
    if (list === undefined) this.quick.set(stage, (list = []));
    return list;
  }
}
