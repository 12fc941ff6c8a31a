// What closures refer to and do not carry (broadcast values, accumulators, bundles of modules), as the driver has it.

import { serialize } from 'node:v8';
import { ModuleBundles, REFERENCE, type Referable, type Reference, referencesOf, type ShippedClosure } from '../codec/closure/index.js';
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

/** All values that closures refer to, directly or through others. Bundles come first: others need them to be revived. */
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
  const isBundle = (shared: Shared): boolean => shared[REFERENCE].type === 'modules';
  return [...found].sort((a, b) => Number(isBundle(b)) - Number(isBundle(a)));
}

/** The shared values that threads may have copies of. Holds none of them alive. */
export class SharedRegistry {
  readonly nextId = idSequence<number>();
  private readonly nextKey = idSequence<number>();
  private readonly keys = new Set<number>();
  /** The same array as long as nothing changes: many a task has it. */
  private list: readonly number[] | undefined;
  /** How modules go with closures; undefined where they are imported from their files. */
  readonly bundles: ModuleBundles | undefined;
  private readonly gone = new FinalizationRegistry<{ readonly key: number }>(({ key }) => this.revoke(key));

  /** `shipsModules`: tasks run where the script's files are not. */
  constructor(shipsModules = false) {
    if (shipsModules) this.bundles = new ModuleBundles(content => new SharedModules(this, content));
  }

  /** The keys that are wanted: those of copies that a thread keeps. */
  wanted(): readonly number[] {
    this.list ??= [...this.keys];
    return this.list;
  }

  /** A key for a value; its threads' copies go when `owner` does. `holder` says which key that is by then. */
  issue(owner?: object, holder?: { readonly key: number }): number {
    const key = this.nextKey();
    this.keys.add(key);
    this.list = undefined;
    if (owner !== undefined) this.gone.register(owner, holder!);
    return key;
  }

  /** Threads let go of their copies with their next tasks. */
  revoke(key: number): void {
    this.keys.delete(key);
    this.list = undefined;
  }
}

/** A bundle of modules. Its registry holds it as long as there may be closures that use it. */
class SharedModules implements Shared {
  readonly [REFERENCE]: Reference;
  private readonly shared: SharedSpec;

  constructor(
    registry: SharedRegistry,
    readonly content: ShippedClosure,
  ) {
    const id = registry.nextId();
    this[REFERENCE] = { type: 'modules', id };
    this.shared = { id, key: registry.issue(), bytes: sharedBytes(content) };
  }

  spec(): SharedSpec {
    return this.shared;
  }
}

/** A closure's bytes in shared memory. */
export function sharedBytes(closure: ShippedClosure): Uint8Array {
  const bytes = serialize(closure);
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
}
