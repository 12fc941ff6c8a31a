// What closures refer to and do not carry (broadcast values, accumulators), as the driver has it.

import { serialize } from 'node:v8';
import { type Referable, referencesOf, type ShippedClosure } from '../codec/closure/index.js';
import { idSequence, type StageId } from '../core/ids.js';
import type { SharedSpec, Update } from '../task/spec.js';

/** A value that tasks get by its name. */
export interface Shared extends Referable {
  /** The closure that gives its value in a thread. */
  readonly content: ShippedClosure;
  /** What a task gets. Throws when there is nothing left to give. */
  spec(): SharedSpec;
  /** Takes what an accepted task has added. */
  take?(stage: StageId, partition: number, update: Update): void;
  /** The job that had these stages is over. */
  settle?(stages: ReadonlySet<StageId>): void;
}

/** All values that closures refer to, directly or through others. */
export function sharedBy(closures: readonly ShippedClosure[]): Shared[] {
  const found = new Set<Shared>();
  const pending = [...closures];
  for (let closure = pending.pop(); closure !== undefined; closure = pending.pop()) {
    for (const shared of referencesOf(closure) as readonly Shared[]) {
      if (found.has(shared)) continue;
      found.add(shared);
      pending.push(shared.content);
    }
  }
  return [...found];
}

/** The shared values that threads may have copies of. Holds none of them alive. */
export class SharedRegistry {
  readonly nextId = idSequence<number>();
  private readonly nextKey = idSequence<number>();
  private readonly keys = new Set<number>();
  private readonly gone = new FinalizationRegistry<{ readonly key: number }>(({ key }) => this.keys.delete(key));

  /** The keys that are wanted: those of copies that a thread keeps. */
  wanted(): number[] {
    return [...this.keys];
  }

  /** A key for a value; its threads' copies go when `owner` does. `holder` says which key that is by then. */
  issue(owner?: object, holder?: { readonly key: number }): number {
    const key = this.nextKey();
    this.keys.add(key);
    if (owner !== undefined) this.gone.register(owner, holder!);
    return key;
  }

  /** Threads let go of their copies with their next tasks. */
  revoke(key: number): void {
    this.keys.delete(key);
  }
}

/** A closure's bytes in shared memory. */
export function sharedBytes(closure: ShippedClosure): Uint8Array {
  const bytes = serialize(closure);
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
