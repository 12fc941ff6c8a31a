// A broadcast value: one value for many closures, which each thread gets once and revives once.

import { captureValue, REFERENCE, type Reference, type ShippedClosure } from '../codec/closure/index.js';
import { HeddleError } from '../core/errors.js';
import { type Shared, type SharedRegistry, sharedBytes } from '../plan/shared.js';
import type { SharedSpec } from '../task/spec.js';

/** Closures that capture it read `.value`; they carry its name only. */
export class Broadcast<T> implements Shared {
  readonly [REFERENCE]: Reference;
  /** @internal */ readonly content: ShippedClosure;
  private held: { readonly value: T; readonly bytes: Uint8Array } | undefined;
  private readonly holder: { key: number };
  private readonly registry: SharedRegistry;

  /** @internal Takes the value of this moment. */
  constructor(registry: SharedRegistry, value: T) {
    this[REFERENCE] = { type: 'broadcast', id: registry.nextId() };
    this.registry = registry;
    this.content = captureValue(value, 'broadcast(value)', registry.bundles);
    this.held = { value, bytes: sharedBytes(this.content) };
    this.holder = { key: -1 };
    this.holder.key = registry.issue(this, this.holder);
  }

  /** The value itself here, a copy in a thread, which all closures in it share. Throws HEDDLE_DESTROYED after destroy(). */
  get value(): T {
    return this.kept().value;
  }

  /** Lets the threads' copies go, each with its thread's next task. A closure that uses the value brings it back. */
  unpersist(): void {
    this.kept();
    this.registry.revoke(this.holder.key);
    this.holder.key = this.registry.issue();
  }

  /** Lets the value go, here too. Whatever still uses it fails with HEDDLE_DESTROYED. Twice is harmless. */
  destroy(): void {
    this.held = undefined;
    this.registry.revoke(this.holder.key);
  }

  /** @internal */
  spec(): SharedSpec {
    return { id: this[REFERENCE].id, key: this.holder.key, bytes: this.kept().bytes };
  }

  private kept(): { readonly value: T; readonly bytes: Uint8Array } {
    if (this.held === undefined) {
      throw new HeddleError('HEDDLE_DESTROYED', `broadcast value ${this[REFERENCE].id} was destroyed; broadcast it again to use it`);
    }
    return this.held;
  }
}
