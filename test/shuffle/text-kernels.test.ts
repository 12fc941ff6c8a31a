// The kernels over text and their twins against plain JavaScript, at low and at high addresses; and the table that they fill.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashKey } from '../../lib/codec/key-hash.js';
import type { Heap } from '../../lib/shuffle/heap/allocator.js';
import { AggregateOp, type Kernels } from '../../lib/shuffle/kernels.js';
import { MapOutput } from '../../lib/shuffle/map-output.js';
import { reduceIdOf } from '../../lib/shuffle/partitioner.js';
import { readRows } from '../../lib/shuffle/reader.js';
import { keysOf, TextTable } from '../../lib/shuffle/text-table.js';
import { writeTextGroups } from '../../lib/shuffle/text-writer.js';
import { Arena, bases, implementations, memory } from './arena.js';
import { highHeap, kernelNames, kernelsOn, merges, newHeap, newShuffle } from './fixture.js';

const u8 = (at: number, length: number) => new Uint8Array(memory.buffer, at, length);
const u32 = (at: number, length: number) => new Uint32Array(memory.buffer, at, length);

const piece = fc.constantFrom(
  'a',
  'bc',
  ' ',
  '  ',
  ',',
  '\n',
  '\r\n',
  '\r',
  'é',
  '😀',
  'word',
  'x'.repeat(17),
  '\u0000',
  '\u07ff',
  '\uffff',
);
const line = fc.array(piece, { maxLength: 12 }).map(parts => parts.join(''));

/** Puts bytes and the columns of their strings into an arena. */
function place(arena: Arena, texts: readonly string[]) {
  const bytes = Buffer.from(texts.join(''));
  const base = arena.take(bytes.length + 16);
  u8(base, bytes.length).set(bytes);
  const starts = arena.take(texts.length * 4 + 4);
  const ends = arena.take(texts.length * 4 + 4);
  let at = 0;
  texts.forEach((text, i) => {
    u32(starts, texts.length)[i] = at;
    at += Buffer.byteLength(text);
    u32(ends, texts.length)[i] = at;
  });
  return { base, starts, ends, bytes };
}

function read(base: number, starts: number, ends: number, n: number): string[] {
  return Array.from({ length: n }, (_, i) => {
    const [from, to] = [u32(starts, n)[i]!, u32(ends, n)[i]!];
    return Buffer.from(u8(base + from, to - from)).toString();
  });
}

describe('kernels over text', () => {
  for (const [name, kernels] of implementations) {
    for (const at of bases) {
      const where = `${name} at ${at}`;
      test(`isAscii (${where})`, () => {
        fc.assert(
          fc.property(fc.uint8Array({ max: 130, maxLength: 200 }), bytes => {
            const arena = new Arena(at);
            const from = arena.take(bytes.length + 8);
            u8(from, bytes.length).set(bytes);
            assert.equal(
              Boolean(kernels.isAscii(from, from + bytes.length)),
              bytes.every(byte => byte < 128),
            );
          }),
        );
      });

      test(`textLines (${where})`, () => {
        fc.assert(
          fc.property(fc.array(line, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), (parts, most) => {
            const bytes = Buffer.from(parts.join('\n'));
            const arena = new Arena(at);
            const base = arena.take(bytes.length + 16);
            const [starts, ends, progress] = [arena.take(400), arena.take(400), arena.take(8)];
            u8(base, bytes.length).set(bytes);
            const found: string[] = [];
            for (let from = 0; from < bytes.length; ) {
              const n = kernels.textLines(base, from, bytes.length, bytes.length, starts, ends, most, progress);
              assert.ok(n > 0 && n <= most);
              found.push(...read(base, starts, ends, n));
              from = u32(progress, 1)[0]!;
            }
            const expected = bytes.toString().split('\n');
            const last = expected.pop()!;
            const whole = expected.map(text => (text.endsWith('\r') ? text.slice(0, -1) : text));
            assert.deepEqual(found, last === '' ? whole : [...whole, last]);
            assert.ok(arena.intact());
          }),
        );
      });

      test(`splits (${where})`, () => {
        const separators = fc.constantFrom<string | RegExp>(' ', ',', 'x', ', ', 'é', '😀', 'xx', /[ ,]/, /[ ,]+/, /x+/);
        fc.assert(
          fc.property(fc.array(line, { maxLength: 20 }), separators, (texts, separator) => {
            const arena = new Arena(at);
            const { base, starts, ends, bytes } = place(arena, texts);
            const room = (bytes.length + texts.length) * 4 + 4;
            const [outStarts, outEnds] = [arena.take(room), arena.take(room)];
            const expected = texts.flatMap(text => text.split(separator));
            let n: number;
            if (typeof separator === 'string') {
              const wanted = Buffer.from(separator);
              const from = arena.take(wanted.length + 8);
              u8(from, wanted.length).set(wanted);
              n =
                wanted.length === 1
                  ? kernels.textSplitByte(base, starts, ends, texts.length, wanted[0]!, outStarts, outEnds)
                  : kernels.textSplitString(base, starts, ends, texts.length, from, wanted.length, outStarts, outEnds);
            } else {
              const set = arena.take(256);
              for (let byte = 0; byte < 128; byte++) u8(set, 256)[byte] = separator.test(String.fromCharCode(byte)) ? 1 : 0;
              n = kernels.textSplitSet(base, starts, ends, texts.length, set, separator.source.endsWith('+') ? 1 : 0, outStarts, outEnds);
            }
            assert.deepEqual(read(base, outStarts, outEnds, n), expected);
            assert.ok(arena.intact());
          }),
        );
      });

      test(`textOffsets and textGather (${where})`, () => {
        fc.assert(
          fc.property(fc.array(line, { minLength: 1, maxLength: 20 }), fc.array(fc.nat(), { maxLength: 30 }), (texts, picks) => {
            const arena = new Arena(at);
            const { base, starts, ends, bytes } = place(arena, texts);
            const lengths = arena.take(texts.length * 4);
            texts.forEach((text, i) => {
              u32(lengths, texts.length)[i] = Buffer.byteLength(text);
            });
            u32(starts, texts.length).fill(0);
            u32(ends, texts.length).fill(0);
            assert.equal(kernels.textOffsets(lengths, texts.length, 0, starts, ends) >>> 0, bytes.length);
            assert.deepEqual(read(base, starts, ends, texts.length), texts);
            const addresses = arena.take(texts.length * 4);
            u32(addresses, texts.length).set(u32(starts, texts.length).map(start => base + start));
            const rows = picks.map(pick => pick % texts.length);
            const rowsAt = arena.take(rows.length * 4 + 4);
            u32(rowsAt, rows.length).set(rows);
            const expected = rows.map(row => texts[row]!);
            const [outLengths, out] = [arena.take(rows.length * 4 + 4), arena.take(Buffer.byteLength(expected.join('')) + 8)];
            kernels.textGather(addresses, lengths, rowsAt, rows.length, outLengths, out);
            assert.deepEqual(
              [...u32(outLengths, rows.length)],
              expected.map(text => Buffer.byteLength(text)),
            );
            assert.equal(Buffer.from(u8(out, Buffer.byteLength(expected.join('')))).toString(), expected.join(''));
            assert.ok(arena.intact());
          }),
        );
      });
    }
  }
});

const keys = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'b',
    'ab',
    '\0',
    'a\0',
    '12345678',
    '123456789',
    '1234567890abcdef',
    '1234567890abcdefg',
    'x'.repeat(40),
    'é',
    'naïve',
    '😀',
  ),
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
);
const values = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double(), fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY));

function addTo(heap: Heap, table: TextTable, rows: readonly (readonly [string, number])[], constant: number | undefined): void {
  withColumn(heap, rows, (column, valuesAt) => table.add(column, constant === undefined ? valuesAt : 0, constant ?? 0, rows.length));
}

/** The groups of rows. */
function groupsOf(heap: Heap, table: TextTable, rows: readonly (readonly [string, number])[]): number[] {
  const ids = heap.allocate(rows.length * 4 + 4);
  withColumn(heap, rows, column => table.index(column, ids, rows.length));
  const groups = [...heap.u32.subarray(ids >>> 2, (ids >>> 2) + rows.length)];
  heap.free(ids);
  return groups;
}

function withColumn(
  heap: Heap,
  rows: readonly (readonly [string, number])[],
  take: (column: { base: number; starts: number; ends: number }, values: number) => void,
): void {
  const bytes = Buffer.from(rows.map(([key]) => key).join(''));
  const at = heap.allocate(bytes.length + rows.length * 16 + 64);
  const [starts, ends, valuesAt] = [at, at + rows.length * 4, at + Math.ceil(rows.length / 2) * 16];
  const base = valuesAt + rows.length * 8;
  heap.u8.set(bytes, base);
  let offset = 0;
  rows.forEach(([key, value], i) => {
    heap.u32[(starts >>> 2) + i] = offset;
    offset += Buffer.byteLength(key);
    heap.u32[(ends >>> 2) + i] = offset;
    heap.f64[(valuesAt >>> 3) + i] = value;
  });
  take({ base, starts, ends }, valuesAt);
  heap.free(at);
}

describe('tables of text', () => {
  const heaps = { low: newHeap(), high: highHeap() };
  for (const name of kernelNames) {
    for (const [place, heap] of Object.entries(heaps)) {
      const kernels: Kernels = kernelsOn(heap, name);
      test(`groups as a Map has them (${name}, ${place})`, () => {
        const batches = fc.array(fc.tuple(fc.array(fc.tuple(keys, values), { maxLength: 60 }), fc.option(values, { nil: undefined })), {
          maxLength: 4,
        });
        fc.assert(
          fc.property(batches, fc.constantFrom(1, 2, 3, 4, 5), fc.constantFrom(8, 4096), (parts, op, slots) => {
            const progress = heap.allocate(64);
            const before = heap.stats().usedBytes;
            const table = new TextTable(heap, kernels, op, progress, slots);
            const expected = new Map<string, number>();
            for (const [rows, constant] of parts) {
              addTo(heap, table, rows, constant);
              for (const [key, own] of rows) {
                const value = constant ?? own;
                expected.set(key, expected.has(key) ? merges[op]!(expected.get(key)!, value) : value);
              }
            }
            const groups = table.groups();
            const found = keysOf(heap, kernels, groups);
            assert.deepStrictEqual(Array.from(found), [...expected.keys()]);
            assert.deepStrictEqual([...groups.values], [...expected.values()]);
            const hashes = [...heap.u32.subarray(groups.hashes >>> 2, (groups.hashes >>> 2) + groups.size)];
            assert.deepStrictEqual(
              hashes,
              [...expected.keys()].map(key => hashKey(key)),
            );
            table.clear();
            assert.equal(table.groups().size, 0);
            table.dispose();
            assert.equal(heap.stats().usedBytes, before);
            heap.free(progress);
          }),
          { numRuns: 60 },
        );
      });

      test(`the group of each row (${name}, ${place})`, () => {
        fc.assert(
          fc.property(fc.array(fc.array(fc.tuple(keys, values), { maxLength: 60 }), { maxLength: 4 }), parts => {
            const progress = heap.allocate(64);
            const table = new TextTable(heap, kernels, 0, progress, 8);
            const known = new Map<string, number>();
            for (const rows of parts) {
              const found = groupsOf(heap, table, rows);
              for (const [key] of rows) if (!known.has(key)) known.set(key, known.size);
              assert.deepStrictEqual(
                found,
                rows.map(([key]) => known.get(key)),
              );
            }
            assert.deepStrictEqual(Array.from(keysOf(heap, kernels, table.groups())), [...known.keys()]);
            table.dispose();
            heap.free(progress);
          }),
          { numRuns: 60 },
        );
      });

      test(`many keys, and long ones (${name}, ${place})`, () => {
        const progress = heap.allocate(64);
        const table = new TextTable(heap, kernels, AggregateOp.Sum, progress);
        const rows = Array.from({ length: 20_000 }, (_, i) => [`key ${i % 9000} ${'x'.repeat(i % 40)}`, 1] as const);
        const long = ['y'.repeat(300_000), 'y'.repeat(300_001)].map(key => [key, 1] as const);
        addTo(heap, table, [...rows, ...long, ...rows], undefined);
        const expected = new Map<string, number>();
        for (const [key] of [...rows, ...long, ...rows]) expected.set(key, (expected.get(key) ?? 0) + 1);
        const groups = table.groups();
        assert.deepStrictEqual(Array.from(keysOf(heap, kernels, groups)), [...expected.keys()]);
        assert.deepStrictEqual([...groups.values], [...expected.values()]);
        table.dispose();
        heap.free(progress);
      });
    }

    test(`their groups go to the runs of their reduce ids (${name})`, () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(keys, values), { maxLength: 80 }), fc.integer({ min: 1, max: 5 }), (rows, reducers) => {
          const { heap, store, ref, open } = newShuffle(1, reducers, heaps.low);
          const kernels = kernelsOn(heap, name);
          const progress = heap.allocate(64);
          const table = new TextTable(heap, kernels, AggregateOp.Last, progress);
          addTo(heap, table, rows, undefined);
          const output = new MapOutput(store, ref, 0, 1, open);
          const groups = table.groups();
          writeTextGroups(heap, kernels, output, groups, [groups.values], ([column]) => column!);
          output.commit();
          const expected = new Map(rows);
          for (let reduce = 0; reduce < reducers; reduce++) {
            const found = store.runs(ref, reduce).flatMap(run => {
              const read = readRows(heap, run);
              return Array.from({ length: read.rows }, (_, i) => [read.keys[i], read.values[i]]);
            });
            const own = [...expected].filter(([key]) => reduceIdOf(hashKey(key), reducers) === reduce);
            assert.deepStrictEqual(found, own);
          }
          table.dispose();
          heap.free(progress);
          store.free(ref);
        }),
        { numRuns: 50 },
      );
    });
  }
});
