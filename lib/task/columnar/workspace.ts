// The memory of a columnar task: one block of the heap with the constants, the text being read, the text being made and the
// columns of each step. Offsets of text count from its beginning, so that they stay small numbers wherever in the heap it lies.

import type { Heap } from '../../shuffle/heap/allocator.js';
import { roomFor } from '../../shuffle/store.js';
import { type Constants, typesOf, type Vector } from './code.js';
import type { ColumnarPlan, ColumnType, Separator } from './plan.js';
import { TextOps } from './text-ops.js';

/** Text of a batch at most: what it takes, with its columns, should stay in a core's own cache. A longer line goes the other way. */
export const BATCH_BYTES = 32 * 1024;
/** Rows that so many bytes may become: a line has one byte at least, but for the last, and so has a part. */
export const BATCH_ROWS = BATCH_BYTES + 8;
const WINDOW_BYTES = 256 * 1024;
const MADE_BYTES = 256 * 1024;
/** Bytes behind any text that kernels may read. */
const SLACK = 64;
const PROGRESS_BYTES = 64;

const pad64 = (bytes: number) => Math.ceil(bytes / 64) * 64;

/** Where the constants of a plan lie, and what they are; the same for every task. */
export class ConstantArea implements Constants {
  bytes = 0;
  private readonly texts = new Map<string, readonly [number, number]>();
  private readonly sets = new Map<string, { readonly at: number; readonly members: readonly number[] }>();

  text(text: string): readonly [number, number] {
    let place = this.texts.get(text);
    if (place === undefined) {
      const length = Buffer.byteLength(text);
      this.texts.set(text, (place = [PROGRESS_BYTES + this.bytes, PROGRESS_BYTES + this.bytes + length]));
      this.bytes += pad64(length + 16);
    }
    return place;
  }

  set(separator: Separator & { readonly kind: 'set' }): number {
    const key = separator.bytes.join();
    let set = this.sets.get(key);
    if (set === undefined) {
      this.sets.set(key, (set = { at: PROGRESS_BYTES + this.bytes, members: separator.bytes }));
      this.bytes += 256;
    }
    return set.at;
  }

  write(u8: Uint8Array): void {
    for (const [text, [from]] of this.texts) u8.set(Buffer.from(text), from);
    for (const { at, members } of this.sets.values()) {
      u8.fill(0, at, at + 256);
      for (const byte of members) u8[at + byte] = 1;
    }
  }
}

export class Workspace {
  /** Its address in the heap. */
  readonly base: number;
  /** The address of words that kernels may write to. */
  readonly progress: number;
  readonly u8: Uint8Array;
  /** Where text is read to, as an offset and as bytes. */
  readonly windowAt: number;
  readonly window: Buffer;
  readonly ops: TextOps;
  private readonly madeAt: number;
  /** The columns of the lines, then those that each step puts out, before and after it cuts them. */
  readonly lines: Vector & { readonly type: 'text' };
  readonly outputs: readonly (readonly Vector[])[];
  /** As PART and PLACE have them, then what travels with them; empty for a step that cuts nothing. */
  readonly parts: readonly (readonly Vector[])[];

  /** Throws HEDDLE_HEAP_FULL. */
  constructor(
    private readonly heap: Heap,
    plan: ColumnarPlan,
    constants: ConstantArea,
  ) {
    const layout = new Layout(PROGRESS_BYTES + constants.bytes);
    this.windowAt = layout.take(WINDOW_BYTES + SLACK);
    this.madeAt = layout.take(MADE_BYTES + SLACK);
    const vectors = [layout.vector('text')];
    const types = plan.steps.map(step => typesOf(step, plan.exprs));
    const outputs = types.map(columns => columns.map(type => layout.vector(type)));
    const parts = plan.steps.map(({ split }, k) => {
      if (split === undefined) return [];
      const [text, ...carried] = types[k]!;
      return [text!, 'number' as const, ...carried].map(type => layout.vector(type));
    });
    this.base = roomFor(heap, layout.bytes, 'a task’s text and columns');
    const { buffer } = heap.u8;
    this.progress = this.base;
    this.u8 = new Uint8Array(buffer, this.base, layout.bytes);
    this.window = Buffer.from(buffer, this.base + this.windowAt, WINDOW_BYTES);
    this.ops = new TextOps(this.u8, this.madeAt + MADE_BYTES);
    const view = (column: VectorPlace) => vectorAt(buffer, this.base, column);
    this.lines = view(vectors[0]!) as Vector & { readonly type: 'text' };
    this.outputs = outputs.map(columns => columns.map(view));
    this.parts = parts.map(columns => columns.map(view));
    constants.write(this.u8);
  }

  /** Forgets the text that was made. */
  startBatch(ascii: boolean): void {
    this.ops.ascii = ascii;
    this.ops.failed = false;
    this.ops.crowded = false;
    this.ops.top = this.madeAt;
  }

  close(): void {
    this.heap.free(this.base);
  }
}

interface VectorPlace {
  readonly type: ColumnType;
  readonly at: number;
}

class Layout {
  constructor(public bytes: number) {}

  take(bytes: number): number {
    const at = this.bytes;
    this.bytes += pad64(bytes);
    return at;
  }

  vector(type: ColumnType): VectorPlace {
    return { type, at: this.take(BATCH_ROWS * (type === 'boolean' ? 1 : 8)) };
  }
}

function vectorAt(buffer: ArrayBufferLike, base: number, { type, at }: VectorPlace): Vector {
  const from = base + at;
  switch (type) {
    case 'text':
      return { type, starts: new Int32Array(buffer, from, BATCH_ROWS), ends: new Int32Array(buffer, from + BATCH_ROWS * 4, BATCH_ROWS) };
    case 'number':
      return { type, values: new Float64Array(buffer, from, BATCH_ROWS) };
    case 'boolean':
      return { type, values: new Uint8Array(buffer, from, BATCH_ROWS) };
  }
}
