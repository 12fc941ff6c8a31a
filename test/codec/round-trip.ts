// Columns there and back, through shared memory, for the tests.
import assert from 'node:assert/strict';
import { ColumnKind, columnHeader, prepareColumn, readColumn } from '../../lib/codec/column.js';

/** Writes a column into shared memory between sentinels, and returns a view that is larger than the column. */
export function encode(values: readonly unknown[], from?: number, to?: number): Uint8Array {
  return place(prepareColumn(values, from, to));
}

export function place(column: ReturnType<typeof prepareColumn>): Uint8Array {
  assert.equal(column.byteLength % 8, 0);
  const memory = new Uint8Array(new SharedArrayBuffer(column.byteLength + 32)).fill(0xa5);
  column.write(memory.subarray(16, 16 + column.byteLength));
  for (let i = 0; i < 16; i++) {
    assert.equal(memory[i], 0xa5, 'nothing is written before the target');
    assert.equal(memory[16 + column.byteLength + i], 0xa5, 'nothing is written behind the column');
  }
  const bytes = memory.subarray(16);
  const { kind, rows, byteLength } = columnHeader(bytes);
  assert.deepEqual({ kind, rows, byteLength }, { kind: column.kind, rows: column.rows, byteLength: column.byteLength });
  return bytes;
}

export function roundTrip(values: readonly unknown[]): unknown[] {
  return Array.from(readColumn(encode(values)));
}

export function kindOf(values: readonly unknown[]): string {
  const { kind } = columnHeader(encode(values));
  return Object.entries(ColumnKind).find(([, value]) => value === kind)![0];
}

/** The batch comes back equal, as a column of the given kind. */
export function check(kind: keyof typeof ColumnKind, values: readonly unknown[]): void {
  assert.equal(kindOf(values), kind);
  assert.deepStrictEqual(roundTrip(values), Array.from(values));
}

export const lone = '\ud800';
