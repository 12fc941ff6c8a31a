// A map task's rows in the order of their reduce ids, for the designs that need them so: kept as they came, counted, and scattered to
// their places, as lib/shuffle/held-rows.ts does it, however many they are.
import { CURSOR_BYTES, NumericKind } from '../../../lib/shuffle/kernels.js';
import { CHUNK_ROWS } from '../../../lib/shuffle/numeric-writer.js';
import { pad8 } from '../../../lib/shuffle/run.js';
import { roomFor } from '../../../lib/shuffle/store.js';
import type { Room } from './design.js';

export class SortedRows {
  private readonly chunk: number;
  private readonly held: number;
  private readonly cursors: number;
  /** Rows of each reduce id (u32), of the last map. */
  readonly counts: number;

  constructor(private readonly room: Room) {
    const { heap, ref, shape } = room;
    this.chunk = roomFor(heap, CHUNK_ROWS * 8, 'a chunk');
    this.held = roomFor(heap, columnBytes(shape.rows), 'rows');
    const cursorBytes = pad8(ref.reducers * CURSOR_BYTES);
    this.cursors = roomFor(heap, cursorBytes + ref.reducers * 4, 'cursors');
    this.counts = this.cursors + cursorBytes;
  }

  /** Makes the rows of a map and writes them to two columns. */
  write(map: number, keysAt: number, valuesAt: number): void {
    const { held, counts, cursors, room } = this;
    const { heap, kernels, ref, shape } = room;
    const { u8, u32, i32 } = heap;
    const heldValues = held + pad8(shape.rows * 4);
    const [keys, values] = [this.chunk >>> 2, (this.chunk >>> 2) + CHUNK_ROWS];
    for (let from = 0; from < shape.rows; from += CHUNK_ROWS) {
      const n = Math.min(CHUNK_ROWS, shape.rows - from);
      for (let i = 0, value = map * shape.rows + from; i < n; i++, value++) {
        i32[keys + i] = from + i;
        i32[values + i] = value;
      }
      u8.copyWithin(held + from * 4, keys * 4, (keys + n) * 4);
      u8.copyWithin(heldValues + from * 4, values * 4, (values + n) * 4);
    }
    u32.fill(0, counts >>> 2, (counts >>> 2) + ref.reducers);
    kernels.countPairs(NumericKind.Int32, held, shape.rows, ref.reducers, counts);
    let [keyAt, valueAt] = [keysAt, valuesAt];
    for (let r = 0, cursor = cursors >>> 2; r < ref.reducers; r++) {
      const bytes = u32[(counts >>> 2) + r]! * 4;
      u32[cursor++] = keyAt;
      u32[cursor++] = valueAt;
      u32[cursor++] = bytes / 4;
      keyAt += bytes;
      valueAt += bytes;
    }
    kernels.scatterPairs(NumericKind.Int32, 4, held, heldValues, 0, shape.rows, ref.reducers, cursors);
  }

  dispose(): void {
    for (const address of [this.chunk, this.held, this.cursors]) this.room.heap.free(address);
  }
}

/** Bytes of a column of keys and one of values. */
export const columnBytes = (rows: number): number => 2 * pad8(rows * 4);
