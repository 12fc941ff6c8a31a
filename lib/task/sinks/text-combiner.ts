// Pairs of text and numbers combined by a kernel before the shuffle: whole batches of columns, and single rows of batches
// that went the other way.

import { HeddleError } from '../../core/errors.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import type { Kernels } from '../../shuffle/kernels.js';
import type { MapOutput } from '../../shuffle/map-output.js';
import { roomFor } from '../../shuffle/store.js';
import { keysOf, TextTable } from '../../shuffle/text-table.js';
import { writeTextGroups } from '../../shuffle/text-writer.js';
import type { ColumnsBatch } from '../columnar/batch.js';
import type { Shape } from '../columnar/plan.js';

const KEY_AT = 32;
const SLACK = 8;
const LONE_SURROGATE = /\p{Surrogate}/u;

export class TextCombiner {
  /** Rows added since the table was last empty. */
  rows = 0;
  private readonly table: TextTable;
  /** Two words of progress, one row's offsets and value, and its key. */
  private scratch: number;
  private keyRoom = 256;

  constructor(
    private readonly heap: Heap,
    private readonly kernels: Kernels,
    op: number,
  ) {
    this.scratch = roomFor(heap, KEY_AT + this.keyRoom + SLACK, 'a task’s columns');
    try {
      this.table = new TextTable(heap, kernels, op, this.scratch);
    } catch (error) {
      heap.free(this.scratch);
      throw error;
    }
  }

  get size(): number {
    return this.table.size;
  }

  /** The groups so far, as JavaScript has them. */
  entries(): { readonly keys: ArrayLike<string>; readonly values: Float64Array } {
    const groups = this.table.groups();
    return { keys: keysOf(this.heap, this.kernels, groups), values: groups.values };
  }

  /** Adds a batch whose rows are pairs of text and numbers. */
  addColumns({ row, vectors, workspace, n }: ColumnsBatch): void {
    const [key, value] = (row as Shape & { readonly kind: 'tuple' }).items as [Shape & { kind: 'column' }, Shape];
    const text = vectors[key.column]!;
    if (text.type !== 'text') throw new HeddleError('HEDDLE_INTERNAL', `a column of keys that is ${text.type}`);
    const column = { base: workspace.base, starts: text.starts.byteOffset, ends: text.ends.byteOffset };
    const vector = value.kind === 'column' ? vectors[value.column]! : undefined;
    const values = vector?.type === 'number' ? vector.values.byteOffset : 0;
    this.table.add(column, values, value.kind === 'constant' ? (value.value as number) : 0, n);
    this.rows += n;
  }

  /** Adds one row; false when it is no pair of text and a number, which the table cannot hold. */
  add(key: unknown, value: unknown): boolean {
    if (typeof key !== 'string' || typeof value !== 'number' || LONE_SURROGATE.test(key)) return false;
    const bytes = Buffer.from(key);
    if (bytes.length > this.keyRoom) this.growScratch(bytes.length);
    const { heap, scratch } = this;
    heap.u8.set(bytes, scratch + KEY_AT);
    heap.u32[(scratch >>> 2) + 2] = KEY_AT;
    heap.u32[(scratch >>> 2) + 3] = KEY_AT + bytes.length;
    this.table.add({ base: scratch, starts: scratch + 8, ends: scratch + 12 }, 0, value, 1);
    this.rows++;
    return true;
  }

  /** Hands all groups to the shuffle, and forgets them. */
  empty(output: MapOutput): void {
    if (this.table.size > 0) writeTextGroups(this.heap, this.kernels, output, this.table.groups());
    this.table.clear();
    this.rows = 0;
  }

  dispose(): void {
    this.table.dispose();
    this.heap.free(this.scratch);
  }

  private growScratch(bytes: number): void {
    const larger = roomFor(this.heap, KEY_AT + bytes + SLACK, 'a task’s columns');
    this.table.moveProgress(larger);
    this.heap.free(this.scratch);
    this.scratch = larger;
    this.keyRoom = bytes;
  }
}
