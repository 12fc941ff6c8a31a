// Groups with keys of text as a source: as a column that nobody made rows for, and as rows, also where the heap is full.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readColumn } from '../../lib/codec/column.js';
import { AggregateOp, type Kernels } from '../../lib/shuffle/kernels.js';
import { TextTable } from '../../lib/shuffle/text-table.js';
import { narrowed, type TableValues, TextTableSource } from '../../lib/task/text-table-source.js';
import { fill, kernelNames, kernelsOn, MIB, newHeap } from '../shuffle/fixture.js';

const words = Array.from({ length: 3000 }, (_, i) => `${'word '.repeat(i % 4)}${(i * 7919) % 2500}`);
const expected = [...words.reduce((counts, word) => counts.set(word, (counts.get(word) ?? 0) + 2), new Map<string, number>())];

function sourceOf(heap: ReturnType<typeof newHeap>, kernels: Kernels, given: readonly string[]) {
  const text = Buffer.from(given.join(''));
  const [progress, offsets, base] = [heap.allocate(64), heap.allocate(given.length * 8 + 8), heap.allocate(text.length + 16)];
  heap.u8.set(text, base);
  const [starts, ends] = [offsets, offsets + given.length * 4];
  let at = 0;
  given.forEach((word, i) => {
    heap.u32[(starts >>> 2) + i] = at;
    heap.u32[(ends >>> 2) + i] = at += Buffer.byteLength(word);
  });
  const table = new TextTable(heap, kernels, AggregateOp.Sum, progress, 8);
  table.add({ base, starts, ends }, 0, 2, given.length);
  const groups = table.groups();
  const values: TableValues = {
    rows: () => groups.values.slice(),
    parts: (from, n) => ({ kind: 'values', values: narrowed(groups.values).subarray(from, from + n) }),
    dispose() {},
  };
  for (const address of [progress, offsets, base]) heap.free(address);
  return new TextTableSource(7, heap, kernels, table, groups, values);
}

describe('a table of text as a source', () => {
  for (const name of kernelNames) {
    for (const [what, given] of [
      ['ASCII', words],
      ['other text', words.map(word => `${word}é€😀`)],
    ] as const) {
      const pairs = expected.map(([word, count]) => [what === 'ASCII' ? word : `${word}é€😀`, count]);

      test(`gives rows, or their column, and its memory back (${name}, ${what})`, () => {
        const heap = newHeap(16 * MIB);
        const before = heap.stats().usedBytes;
        for (const way of ['column', 'rows', 'neither']) {
          const source = sourceOf(heap, kernelsOn(heap, name), given);
          const batch = source.next()!;
          assert.equal(source.next(), null);
          assert.deepEqual([batch.n, batch.block], [pairs.length, 7]);
          if (way === 'column') {
            const columns = [batch.encode!(0, 1000), batch.encode!(1000, batch.n - 1000)];
            assert.deepEqual(
              columns.flatMap(column => Array.from(readColumn(column!))),
              pairs,
            );
          } else if (way === 'rows') {
            const { keys, values } = batch;
            assert.deepEqual(
              Array.from(keys, (key, i) => [key, values[i]]),
              pairs,
            );
            // Before the source is closed.
            assert.equal(heap.stats().usedBytes, before);
            assert.equal(batch.encode!(0, 1), undefined);
          }
          source.close();
          source.close();
          assert.equal(heap.stats().usedBytes, before);
        }
      });

      test(`gives rows where the heap has no room for their column (${name}, ${what})`, () => {
        for (const room of [0, 16 * 1024]) {
          const heap = newHeap(16 * MIB);
          const source = sourceOf(heap, kernelsOn(heap, name), given);
          fill(heap, room);
          const batch = source.next()!;
          assert.equal(batch.encode!(0, batch.n), undefined);
          assert.deepEqual(
            Array.from(batch.keys, (key, i) => [key, batch.values[i]]),
            pairs,
          );
          source.close();
        }
      });
    }
  }

  test('gives nothing of no groups', () => {
    const heap = newHeap(16 * MIB);
    const source = sourceOf(heap, kernelsOn(heap), []);
    assert.equal(source.next(), null);
    source.close();
  });
});

test('numbers are narrowed only if that keeps each of them', () => {
  const isNarrow = (...numbers: number[]) => {
    const column = narrowed(Float64Array.from(numbers));
    assert.deepEqual(Array.from(column), numbers);
    return column instanceof Int32Array;
  };
  assert.ok(isNarrow() && isNarrow(0, 1, -1, 2 ** 31 - 1, -(2 ** 31)));
  for (const other of [-0, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, -(2 ** 31) - 1, 2 ** 53])
    assert.ok(!isNarrow(1, other, 2), String(other));
});
