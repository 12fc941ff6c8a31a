// What one task stores: the partitions under way, and those that are done, which its result tells of. A partition that
// it reads more than once (zipped with itself, say) it computes once.

import { toErrorRecord } from '../../core/errors.js';
import type { TaskEnv } from '../env.js';
import type { InputSpec, StoredResult, StoredRows, StoreSpec, TaskSpec } from '../spec.js';
import { PartitionWriter } from './writer.js';

const keyOf = ({ kept, partition }: StoreSpec) => `${kept} ${partition}`;

export class KeptRows {
  private readonly done = new Map<string, StoredResult & { readonly stored: StoredRows }>();
  private readonly failed: StoredResult[] = [];
  private readonly writers = new Set<PartitionWriter>();
  private uses: Map<string, number> | undefined;

  constructor(
    private readonly env: TaskEnv,
    private readonly spec: TaskSpec,
  ) {}

  /** What this task has stored of a partition before. */
  find(store: StoreSpec): StoredRows | undefined {
    return this.done.get(keyOf(store))?.stored;
  }

  /** Whether this task reads the partition in more than one place. */
  isShared(store: StoreSpec): boolean {
    if (this.uses === undefined) {
      this.uses = new Map();
      countUses(this.spec.inputs, this.uses);
    }
    return this.uses.get(keyOf(store))! > 1;
  }

  begin(store: StoreSpec): PartitionWriter {
    const writer = new PartitionWriter(this.env, store, this.spec.token);
    this.writers.add(writer);
    return writer;
  }

  /** The partition was read to its end. */
  finish(store: StoreSpec, writer: PartitionWriter, blocks: StoredRows['blocks']): void {
    const stored = writer.finish(blocks);
    const { kept, partition } = store;
    if (stored !== undefined) this.done.set(keyOf(store), { kept, partition, stored });
    else if (writer.failure !== undefined) this.failed.push({ kept, partition, error: toErrorRecord(writer.failure) });
  }

  results(): StoredResult[] {
    // Those that were not read to their end.
    for (const writer of this.writers) if (!writer.isFinished) writer.discard();
    return [...this.done.values(), ...this.failed];
  }

  /** The task failed: gives back all that it has stored. */
  discard(): void {
    for (const writer of this.writers) writer.discard();
  }
}

function countUses(inputs: readonly InputSpec[], uses: Map<string, number>): void {
  for (const input of inputs) {
    if (input.kind === 'parts') for (const part of input.parts) countUses(part.inputs, uses);
    if (input.kind !== 'computed') continue;
    if (input.store !== null) uses.set(keyOf(input.store), (uses.get(keyOf(input.store)) ?? 0) + 1);
    countUses(input.inputs, uses);
  }
}
