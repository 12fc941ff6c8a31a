// What closures refer to and do not carry, as a thread has it: bundles of modules and broadcast values, revived once, and
// accumulators, whose updates belong to the task that is under way and travel in its result.

import { AsyncLocalStorage } from 'node:async_hooks';
import { deserialize } from 'node:v8';
import { type Reference, reviveValue, type ShippedClosure } from '../codec/closure/index.js';
import { readColumn } from '../codec/column.js';
import { HeddleError } from '../core/errors.js';
import { encodeColumn } from './sinks/rows.js';
import type { SharedSpec, Update } from './spec.js';

/** What an accumulator's shipped closure gives. */
export interface AccumulatorParts {
  /** A column of the value that a task begins with; absent where it begins with the first thing added. */
  readonly zero: Uint8Array | undefined;
  readonly add: (total: unknown, value: unknown) => unknown;
}

interface Copy {
  readonly key: number;
  readonly value: unknown;
}

export class SharedValues {
  private readonly copies = new Map<number, Copy>();
  private current: Updates | undefined;
  /** The task that asynchronous code belongs to; made by the first task that has any. */
  private storage: AsyncLocalStorage<Updates> | undefined;

  /** Lets go of the copies that nobody wants any more. */
  keepOnly(wanted: readonly number[]): void {
    for (const [id, { key }] of this.copies) if (!wanted.includes(key)) this.copies.delete(id);
  }

  /** Revives those that this thread does not have yet. */
  async prepare(specs: readonly SharedSpec[]): Promise<void> {
    for (const { id, key, bytes } of specs) {
      if (this.copies.get(id)?.key === key) continue;
      const shipped = deserialize(Buffer.from(bytes)) as ShippedClosure;
      this.copies.set(id, { key, value: await reviveValue(shipped, this.resolve) });
    }
  }

  /** What a closure has in the place of a referenced object. */
  readonly resolve = ({ type, id }: Reference): unknown => {
    if (type === 'modules') return this.get(id);
    return type === 'broadcast' ? new BroadcastCopy(this, id) : new Adder(this, id);
  };

  get(id: number): unknown {
    const copy = this.copies.get(id);
    if (copy === undefined) throw new HeddleError('HEDDLE_INTERNAL', `shared value ${id} did not come with its task`);
    return copy.value;
  }

  /** The updates of the task that begins now. */
  begin(): Updates {
    return (this.current = new Updates());
  }

  /** Runs a task that waits: what its calls add is the task's own, and nobody's where they outlive it. */
  within<T>(updates: Updates, body: () => T): T {
    this.storage ??= new AsyncLocalStorage();
    return this.storage.run(updates, body);
  }

  /** What is added from now on belongs to no task. */
  end(updates: Updates): void {
    updates.isOver = true;
    if (this.current === updates) this.current = undefined;
  }

  add(id: number, value: unknown): void {
    const updates = this.storage?.getStore() ?? this.current;
    if (updates?.isOver === false) updates.add(id, this.get(id) as AccumulatorParts, value);
  }
}

/** What a task has added so far, by accumulator. */
export class Updates {
  isOver = false;
  private readonly totals = new Map<number, unknown>();

  add(id: number, { zero, add }: AccumulatorParts, value: unknown): void {
    if (this.totals.has(id)) this.totals.set(id, add(this.totals.get(id), value));
    // A copy of zero each time, for the user's function may change it.
    else this.totals.set(id, zero === undefined ? value : add(readColumn(new Uint8Array(zero))[0], value));
  }

  encode(): Update[] {
    return Array.from(this.totals, ([id, total]) => ({ id, column: encodeColumn([total]) }));
  }
}

/** A broadcast value inside a closure. */
class BroadcastCopy {
  constructor(
    private readonly values: SharedValues,
    private readonly id: number,
  ) {}

  get value(): unknown {
    return this.values.get(this.id);
  }

  unpersist(): never {
    throw driverOnly('unpersist() of a broadcast value');
  }

  destroy(): never {
    throw driverOnly('destroy() of a broadcast value');
  }
}

/** An accumulator inside a closure. */
class Adder {
  constructor(
    private readonly values: SharedValues,
    private readonly id: number,
  ) {}

  readonly add = (value: unknown): void => this.values.add(this.id, value);

  get value(): never {
    throw driverOnly('the value of an accumulator');
  }
}

function driverOnly(what: string): HeddleError {
  return new HeddleError(
    'HEDDLE_NESTED',
    `${what} belongs to the main thread, and was asked for inside a task; a task can only use what it was given`,
  );
}
