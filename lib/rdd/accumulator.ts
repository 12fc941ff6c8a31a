// An accumulator: what tasks add to beside their rows, and the driver reads. A task's updates come with its result and count
// when the scheduler accepts that: once for each partition of a stage, however often it was tried.

import { captureValue, REFERENCE, type Reference, type ShippedClosure } from '../codec/closure/index.js';
import { readColumn } from '../codec/column.js';
import { badArgument, HeddleError, toErrorRecord } from '../core/errors.js';
import type { StageId } from '../core/ids.js';
import { type Shared, type SharedRegistry, sharedBytes } from '../plan/shared.js';
import { encodeColumn } from '../task/sinks/rows.js';
import type { SharedSpec, Update } from '../task/spec.js';

interface Pending {
  readonly stage: StageId;
  readonly partition: number;
  readonly column: Uint8Array;
}

/** Closures that capture it call `add`; `value` is the main thread's. */
export class Accumulator<T, U = T> implements Shared {
  readonly [REFERENCE]: Reference;
  /** @internal */ readonly content: ShippedClosure;
  private readonly shared: SharedSpec;
  private total: T;
  /** Of jobs under way: they are merged by stage and partition, whenever they came, so that a sum has the same bits on every run. */
  private pending: Pending[] = [];
  private readonly merge: (a: T, b: T) => T;
  private readonly addOne: (total: T, value: U) => T;

  /** @internal Without `merge`, tasks begin with what is first added, and `add` merges their totals too. */
  constructor(registry: SharedRegistry, zero: T, add: (total: T, value: U) => T, merge?: (a: T, b: T) => T) {
    for (const [name, f] of Object.entries({ add, merge: merge ?? add })) {
      if (typeof f !== 'function') throw badArgument(`accumulator(${name})`, f, 'a function');
    }
    const column = encodeColumn([zero]);
    this.total = readColumn(column)[0] as T;
    this.addOne = add;
    this.merge = merge ?? (add as unknown as (a: T, b: T) => T);
    this.content = captureValue({ zero: merge === undefined ? undefined : column, add }, 'accumulator(add)', registry.bundles);
    this[REFERENCE] = { type: 'accumulator', id: registry.nextId() };
    const holder = { key: -1 };
    holder.key = registry.issue(this, holder);
    this.shared = { id: this[REFERENCE].id, key: holder.key, bytes: sharedBytes(this.content) };
  }

  /** What was added by tasks that have succeeded, and here. While jobs run it is on its way. In a task: HEDDLE_NESTED. */
  get value(): T {
    if (this.pending.length === 0) return this.total;
    // A copy, for the user's function may change its first argument.
    const copy = readColumn(encodeColumn([this.total]))[0] as T;
    return this.merged(copy, this.pending);
  }

  /** Adds to it; in a task, the update counts when the task has succeeded. */
  add(value: U): void {
    this.total = this.addOne(this.total, value);
  }

  /** @internal */
  spec(): SharedSpec {
    return this.shared;
  }

  /** @internal */
  take(stage: StageId, partition: number, { column }: Update): void {
    this.pending.push({ stage, partition, column });
  }

  /** @internal */
  settle(stages: ReadonlySet<StageId>): void {
    const ended = this.pending.filter(({ stage }) => stages.has(stage));
    if (ended.length === 0) return;
    this.pending = this.pending.filter(({ stage }) => !stages.has(stage));
    this.total = this.merged(this.total, ended);
  }

  private merged(total: T, updates: readonly Pending[]): T {
    const ordered = [...updates].sort((a, b) => a.stage - b.stage || a.partition - b.partition);
    try {
      for (const { column } of ordered) total = this.merge(total, readColumn(column)[0] as T);
    } catch (cause) {
      const error = toErrorRecord(cause);
      const message = `accumulator threw ${error.name}: ${error.message} (merging what tasks have added)`;
      throw new HeddleError('HEDDLE_TASK_FAILED', message, { data: { operator: 'accumulator' }, cause });
    }
    return total;
  }
}
