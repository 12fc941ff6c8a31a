// Every kernel and its twin against a model, and against each other, bit by bit. (fillUniform: test/task/rng.)
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { encodeValue } from '../../lib/codec/column.js';
import { hashKey } from '../../lib/codec/key-hash.js';
import { compareKeys } from '../../lib/codec/key-order.js';
import {
  AggregateOp,
  CURSOR_BYTES,
  type Kernels,
  NumericKind,
  numericBytes,
  ORDER_CURSOR_BYTES,
  SPREAD_CURSOR_BYTES,
  slotBytes,
} from '../../lib/shuffle/kernels.js';
import { placing, reduceIdOf } from '../../lib/shuffle/partitioner.js';
import { mostStepBytes } from '../../lib/shuffle/steps.js';
import { ARENA, Arena, awkwardBits, bases, bitsOf, doubleBits, doubleOf, implementations, int32, memory } from './arena.js';
import { merges } from './fixture.js';

const view = () => new DataView(memory.buffer);
const u32 = (at: number, length: number) => new Uint32Array(memory.buffer, at, length);

/** A numeric column as bits, so that it is the same input for everybody. */
type Column = { readonly kind: 1; readonly items: readonly number[] } | { readonly kind: 2; readonly items: readonly bigint[] };

const column = (kind: number, rows: number): fc.Arbitrary<Column> => {
  const length = { minLength: rows, maxLength: rows };
  return kind === NumericKind.Int32
    ? fc.array(int32, length).map(items => ({ kind: 1, items }))
    : fc.array(doubleBits, length).map(items => ({ kind: 2, items }));
};

const numberAt = (c: Column, i: number): number => (c.kind === 1 ? c.items[i]! : doubleOf(c.items[i]!));

function writeColumn(c: Column, at: number): void {
  if (c.kind === 1) new Int32Array(memory.buffer, at, c.items.length).set(c.items);
  else new BigUint64Array(memory.buffer, at, c.items.length).set(c.items);
}

const kindNames = ['none', 'int32', 'float64'] as const;

// --- scatter ---

interface ScatterCase {
  readonly keys: Column;
  /** Values as words of their width: `width` / 4 words a row. */
  readonly width: number;
  readonly words: readonly number[];
  readonly reducers: number;
  /** Rows of each run, in the order in which runs are opened. */
  readonly capacities: readonly number[];
  /** Rows of each call. */
  readonly batches: readonly number[];
}

const scatterCase = (keyKind: number, width: number): fc.Arbitrary<ScatterCase> =>
  fc.integer({ min: 0, max: 60 }).chain(rows =>
    fc.record({
      keys: column(keyKind, rows),
      width: fc.constant(width),
      words: fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { minLength: (rows * width) / 4, maxLength: (rows * width) / 4 }),
      reducers: fc.integer({ min: 1, max: 9 }),
      capacities: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
      batches: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 4 }),
    }),
  );

/** Rows by reduce id as they lie in the runs: words of keys, and words of values. Also every place where a call stopped. */
function scatter(kernels: Kernels, base: number, c: ScatterCase) {
  const arena = new Arena(base);
  const keyBytes = numericBytes[c.keys.kind]!;
  const rows = c.keys.items.length;
  const keysAt = arena.take(rows * keyBytes + 8);
  const valuesAt = arena.take(rows * c.width + 8);
  const cursors = arena.take(c.reducers * CURSOR_BYTES);
  writeColumn(c.keys, keysAt);
  u32(valuesAt, c.words.length).set(c.words);
  const runs: { keysAt: number; valuesAt: number; capacity: number }[][] = Array.from({ length: c.reducers }, () => []);
  const stops: number[] = [];
  let opened = 0;
  let from = 0;
  for (let batch = 0; from < rows; batch++) {
    const to = Math.min(rows, from + (c.batches[batch] ?? rows));
    for (;;) {
      from = kernels.scatterPairs(c.keys.kind, c.width, keysAt, valuesAt, from, to, c.reducers, cursors) >>> 0;
      if (from === to) break;
      stops.push(from);
      const reduce = reduceIdOf(hashKey(numberAt(c.keys, from)), c.reducers);
      const cursor = u32(cursors + reduce * CURSOR_BYTES, 3);
      assert.equal(cursor[2], 0, 'a call stopped at a run that has room');
      const capacity = c.capacities[opened++ % c.capacities.length]!;
      const run = { keysAt: arena.take(capacity * keyBytes), valuesAt: arena.take(capacity * c.width), capacity };
      runs[reduce]!.push(run);
      cursor.set([run.keysAt, run.valuesAt, capacity]);
    }
  }
  assert.ok(arena.intact(), 'something was written behind a run');
  const found = runs.map((list, reduce) => {
    const keys: number[] = [];
    const values: number[] = [];
    list.forEach((run, i) => {
      const [keyEnd, valueEnd, room] = u32(cursors + reduce * CURSOR_BYTES, 3);
      const filled = i === list.length - 1 ? run.capacity - room! : run.capacity;
      if (i === list.length - 1) {
        assert.equal(keyEnd, (run.keysAt + filled * keyBytes) >>> 0);
        assert.equal(valueEnd, (run.valuesAt + filled * c.width) >>> 0);
      }
      keys.push(...u32(run.keysAt, (filled * keyBytes) / 4));
      values.push(...u32(run.valuesAt, (filled * c.width) / 4));
    });
    return { keys, values };
  });
  return { found, stops };
}

/** The same, row by row in plain JavaScript. */
function scatterModel(c: ScatterCase): { keys: number[]; values: number[] }[] {
  const found = Array.from({ length: c.reducers }, () => ({ keys: [] as number[], values: [] as number[] }));
  const perRow = c.width / 4;
  for (let i = 0; i < c.keys.items.length; i++) {
    const to = found[reduceIdOf(hashKey(numberAt(c.keys, i)), c.reducers)]!;
    if (c.keys.kind === 1) to.keys.push(c.keys.items[i]! >>> 0);
    else to.keys.push(Number(c.keys.items[i]! & 0xffffffffn), Number(c.keys.items[i]! >> 32n));
    to.values.push(...c.words.slice(i * perRow, (i + 1) * perRow));
  }
  return found;
}

describe('scatterPairs', () => {
  for (const keyKind of [NumericKind.Int32, NumericKind.Float64]) {
    for (const width of [0, 4, 8]) {
      test(`${kindNames[keyKind]} keys, values of ${width} bytes: tiny runs, resumed where they filled up`, () => {
        fc.assert(
          fc.property(scatterCase(keyKind, width), fc.constantFrom(...bases), (c, base) => {
            const model = scatterModel(c);
            const [kernel, twin] = implementations.map(([, kernels]) => scatter(kernels, base, c));
            assert.deepEqual(kernel!.found, model);
            assert.deepEqual(twin, kernel);
          }),
        );
      });
    }
  }

  for (const [name, kernels] of implementations) {
    test(`${name}: a key goes where hashKey and reduceIdOf send it, however many reduce ids there are`, () => {
      const arena = new Arena(bases[2]!);
      const at = arena.take(8);
      const run = arena.take(16);
      const cursors = arena.take(2 ** 20 * CURSOR_BYTES);
      const check = (kind: 1 | 2, key: number | bigint, reducers: number) => {
        const c = { kind, items: [key] } as Column;
        writeColumn(c, at);
        const cursor = u32(cursors + reduceIdOf(hashKey(numberAt(c, 0)), reducers) * CURSOR_BYTES, 3);
        cursor.set([run, 0, 1]); // the only run with room
        assert.equal(kernels.scatterPairs(kind, 0, at, 0, 0, 1, reducers, cursors) >>> 0, 1, `key ${numberAt(c, 0)} of ${reducers}`);
        cursor.fill(0);
      };
      const reducers = [1, 2, 3, 7, 300, 4096, 99_991, 2 ** 20];
      for (const count of reducers) {
        for (const bits of awkwardBits) check(2, bits, count);
        for (const key of [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)]) check(1, key, count);
      }
      fc.assert(fc.property(doubleBits, fc.constantFrom(...reducers), (bits, count) => check(2, bits, count)));
      fc.assert(fc.property(int32, fc.constantFrom(...reducers), (key, count) => check(1, key, count)));
    });

    test(`${name}: numbers that are equal go to one reduce id, whatever column they are in`, () => {
      const arena = new Arena(bases[1]!);
      const at = arena.take(8);
      const run = arena.take(16);
      const cursors = arena.take(1000 * CURSOR_BYTES);
      const placeOf = (c: Column) => {
        writeColumn(c, at);
        for (let r = 0; r < 1000; r++) u32(cursors + r * CURSOR_BYTES, 3).set([run, 0, 1]);
        kernels.scatterPairs(c.kind, 0, at, 0, 0, 1, 1000, cursors);
        for (let r = 0; r < 1000; r++) if (u32(cursors + r * CURSOR_BYTES, 3)[2] === 0) return r;
        return -1;
      };
      for (const key of [0, 1, -1, 77, 2 ** 31 - 1, -(2 ** 31)]) {
        assert.equal(placeOf({ kind: 1, items: [key] }), placeOf({ kind: 2, items: [bitsOf(key)] }));
      }
      assert.equal(placeOf({ kind: 2, items: [bitsOf(-0)] }), placeOf({ kind: 1, items: [0] }));
      const nan = placeOf({ kind: 2, items: [bitsOf(Number.NaN)] });
      for (const bits of [0xfff8000000000000n, 0x7ff0000000000001n, 0xffffffffffffffffn])
        assert.equal(placeOf({ kind: 2, items: [bits] }), nan);
    });
  }
});

describe('scatterByRange', () => {
  for (const keyKind of [NumericKind.Int32, NumericKind.Float64]) {
    test(`${kindNames[keyKind]} keys: each goes where the partitioner sends it, in order`, () => {
      const bounds = fc.uniqueArray(fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -20, max: 20 })), { maxLength: 12 });
      const columns = fc.integer({ min: 0, max: 60 }).chain(rows => column(keyKind, rows));
      fc.assert(
        fc.property(
          columns,
          bounds,
          fc.boolean(),
          fc.constantFrom(0, 4, 8),
          fc.constantFrom(...bases),
          (keys, unsorted, ascending, width, base) => {
            const sorted = unsorted.sort((a, b) => (ascending ? a - b : b - a));
            const partitions = sorted.length + 1;
            const place = placing({ kind: 'range', partitions, ascending, bounds: encodeValue(sorted) });
            const rows = keys.items.map((_, i) => i);
            const expected = Array.from({ length: partitions }, (_, p) => rows.filter(i => place(numberAt(keys, i)) === p));
            for (const [, kernels] of implementations) {
              const arena = new Arena(base);
              const keyBytes = numericBytes[keyKind]!;
              const [keysAt, valuesAt] = [arena.take(rows.length * keyBytes), arena.take(rows.length * width)];
              writeColumn(keys, keysAt);
              if (width > 0) for (const i of rows) u32(valuesAt + i * width, 1)[0] = i;
              const boundsAt = arena.take(sorted.length * 8);
              new Float64Array(memory.buffer, boundsAt, sorted.length).set(sorted);
              const cursors = arena.take(partitions * CURSOR_BYTES);
              const runs = expected.map((own, p) => {
                const run = { keysAt: arena.take(own.length * keyBytes), valuesAt: arena.take(own.length * width) };
                u32(cursors + p * CURSOR_BYTES, 3).set([run.keysAt, run.valuesAt, own.length]);
                return run;
              });
              const args = [boundsAt, sorted.length, Number(ascending), cursors] as const;
              const done = kernels.scatterByRange(keyKind, width, keysAt, valuesAt, 0, rows.length, ...args) >>> 0;
              assert.equal(done, rows.length);
              assert.ok(arena.intact(), 'something was written behind a run');
              runs.forEach((run, p) => {
                const own = expected[p]!;
                if (width > 0)
                  assert.deepEqual(
                    own.map((_, i) => u32(run.valuesAt + i * width, 1)[0]),
                    own,
                  );
                const words = (at: number) => [...u32(at, keyBytes / 4)];
                assert.deepEqual(
                  own.map((_, i) => words(run.keysAt + i * keyBytes)),
                  own.map(i => words(keysAt + i * keyBytes)),
                );
              });
              if (rows.length === 0) continue;
              // A full run ends the call before its row.
              u32(cursors, partitions * 3).fill(0);
              assert.equal(kernels.scatterByRange(keyKind, width, keysAt, valuesAt, 0, rows.length, ...args) >>> 0, 0);
            }
          },
        ),
      );
    });
  }
});

// --- aggregation ---

interface AggregateCase {
  readonly op: number;
  readonly keys: Column;
  readonly values: Column;
  readonly slots: number;
  readonly batches: readonly number[];
}

const aggregateCase = (op: number, keyKind: number, valueKind: number): fc.Arbitrary<AggregateCase> =>
  fc.integer({ min: 0, max: 80 }).chain(rows =>
    fc.record({
      op: fc.constant(op),
      keys: column(keyKind, rows),
      values: column(valueKind, rows),
      slots: fc.constantFrom(2, 4, 8, 64),
      batches: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 }),
    }),
  );

/** The slots of a table: [key bits or int32, order, value]; empty ones are null. NaN values are one NaN. */
function dump(keyKind: number, table: number, slots: number): unknown[] {
  const data = view();
  return Array.from({ length: slots }, (_, i) => {
    const at = table + i * slotBytes[keyKind]!;
    const order = data.getUint32(at + (keyKind === 1 ? 4 : 16), true);
    if (order === 0) return null;
    return [keyKind === 1 ? data.getInt32(at, true) : data.getBigUint64(at, true), order, data.getFloat64(at + 8, true)];
  });
}

/** Runs a case with tables that grow by rehashing; every table is compared, the last is extracted. */
function aggregate(kernels: Kernels, base: number, c: AggregateCase) {
  const arena = new Arena(base);
  const keyKind = c.keys.kind;
  const rows = c.keys.items.length;
  const keysAt = arena.take(rows * 8 + 8);
  const valuesAt = arena.take(rows * 8 + 8);
  const progress = arena.take(8);
  writeColumn(c.keys, keysAt);
  writeColumn(c.values, valuesAt);
  let { slots } = c;
  let table = arena.take(slots * slotBytes[keyKind]!);
  let size = 0;
  const tables: unknown[] = [];
  let from = 0;
  for (let batch = 0; from < rows; batch++) {
    const to = Math.min(rows, from + (c.batches[batch] ?? rows));
    for (;;) {
      const limit = (slots >>> 1) + (slots >>> 3);
      size = kernels.aggregatePairs(c.op, keyKind, c.values.kind, keysAt, valuesAt, from, to, table, slots, size, limit, progress) >>> 0;
      assert.ok(size <= limit);
      from = u32(progress, 1)[0]!;
      tables.push({ from, size, table: dump(keyKind, table, slots) });
      if (from === to) break;
      assert.equal(size, limit, 'a call stopped in a table below its limit');
      const larger = arena.take(slots * 2 * slotBytes[keyKind]!, slots === 64);
      kernels.rehashTable(keyKind, table, slots, larger, slots * 2);
      table = larger;
      slots *= 2;
      tables.push(dump(keyKind, table, slots));
    }
  }
  const keysOut = arena.take(size * numericBytes[keyKind]!);
  const valuesOut = arena.take(size * 8);
  kernels.extractTable(keyKind, table, slots, keysOut, valuesOut);
  assert.ok(arena.intact(), 'something was written behind a table or a column');
  const keyWords = [...u32(keysOut, (size * numericBytes[keyKind]!) / 4)];
  const keys = keyKind === 1 ? [...new Int32Array(memory.buffer, keysOut, size)] : [...new Float64Array(memory.buffer, keysOut, size)];
  return { tables, keyWords, keys, values: [...new Float64Array(memory.buffer, valuesOut, size)] };
}

/** A Map has the same idea of equal keys (-0 becomes 0, NaN is NaN) and of order. */
function aggregateModel(c: AggregateCase): { keys: number[]; values: number[] } {
  const groups = new Map<number, number>();
  for (let i = 0; i < c.keys.items.length; i++) {
    const key = numberAt(c.keys, i);
    const value = numberAt(c.values, i);
    const known = groups.get(key);
    groups.set(key, known === undefined ? value : merges[c.op]!(known, value));
  }
  return { keys: [...groups.keys()], values: [...groups.values()] };
}

describe('aggregatePairs, rehashTable, extractTable', () => {
  for (const [opName, op] of Object.entries(AggregateOp)) {
    for (const keyKind of [NumericKind.Int32, NumericKind.Float64]) {
      for (const valueKind of [NumericKind.Int32, NumericKind.Float64]) {
        test(`${opName}, ${kindNames[keyKind]} keys, ${kindNames[valueKind]} values: as a Map, in order of first appearance`, () => {
          fc.assert(
            fc.property(aggregateCase(op, keyKind, valueKind), fc.constantFrom(...bases), (c, base) => {
              const [kernel, twin] = implementations.map(([, kernels]) => aggregate(kernels, base, c));
              const model = aggregateModel(c);
              assert.deepEqual({ keys: kernel!.keys, values: kernel!.values }, model);
              assert.deepEqual(twin, kernel);
            }),
            { numRuns: 50 },
          );
        });
      }
    }
  }

  for (const [name, kernels] of implementations) {
    test(`${name}: at its limit a table still takes rows of the keys it has`, () => {
      const arena = new Arena(bases[2]!);
      const keys = arena.take(64);
      const values = arena.take(64);
      const progress = arena.take(4);
      const table = arena.take(8 * slotBytes[1]!);
      new Int32Array(memory.buffer, keys, 6).set([5, 6, 5, 6, 7, 5]);
      new Int32Array(memory.buffer, values, 6).set([1, 2, 3, 4, 5, 6]);
      assert.equal(kernels.aggregatePairs(AggregateOp.Sum, 1, 1, keys, values, 0, 6, table, 8, 0, 2, progress) >>> 0, 2);
      assert.equal(u32(progress, 1)[0], 4, 'the first row not taken is that of key 7');
      kernels.extractTable(1, table, 8, keys, values);
      assert.deepEqual([...new Int32Array(memory.buffer, keys, 2)], [5, 6]);
      assert.deepEqual([...new Float64Array(memory.buffer, values, 2)], [4, 6]);
    });

    test(`${name}: sums go on past 2^53 as doubles do, and infinities cancel to NaN`, () => {
      const arena = new Arena(bases[0]!);
      const keys = arena.take(64);
      const values = arena.take(64);
      const progress = arena.take(4);
      const table = arena.take(8 * slotBytes[1]!);
      new Int32Array(memory.buffer, keys, 6).set([1, 1, 2, 2, 3, 3]);
      new Float64Array(memory.buffer, values, 6).set([2 ** 53, 1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, -0]);
      kernels.aggregatePairs(AggregateOp.Sum, 1, 2, keys, values, 0, 6, table, 8, 0, 5, progress);
      kernels.extractTable(1, table, 8, keys, values);
      assert.deepEqual([...new Float64Array(memory.buffer, values, 3)], [2 ** 53, Number.NaN, -0]);
    });
  }
});

// --- buckets ---

interface BucketCase {
  readonly op: number;
  readonly keys: Column;
  readonly values: Column;
  readonly buckets: number;
}

const bucketCase = (keyKind: number, valueKind: number): fc.Arbitrary<BucketCase> =>
  fc.integer({ min: 0, max: 80 }).chain(rows =>
    fc.record({
      op: fc.constantFrom(...Object.values(AggregateOp)),
      keys: column(keyKind, rows),
      values: column(valueKind, rows),
      buckets: fc.constantFrom(1, 2, 3, 128),
    }),
  );

/** Spreads rows over buckets, groups and folds each bucket, and finds the order of the groups again. */
function inBuckets(kernels: Kernels, base: number, { op, keys, values, buckets }: BucketCase) {
  const arena = new Arena(base);
  const rows = keys.items.length;
  const [keyBytes, valueBytes] = [numericBytes[keys.kind]!, numericBytes[values.kind]!];
  const [keysAt, valuesAt, counts] = [arena.take(rows * 8 + 8), arena.take(rows * 8 + 8), arena.take(buckets * 4)];
  writeColumn(keys, keysAt);
  writeColumn(values, valuesAt);
  kernels.countBuckets(keys.kind, keysAt, rows, buckets, counts);
  const counted = [...u32(counts, buckets)];
  const spread = arena.take(buckets * SPREAD_CURSOR_BYTES);
  const pieces = counted.map((n, b) => {
    const piece = { keysAt: arena.take(n * keyBytes), valuesAt: arena.take(n * valueBytes) };
    u32(spread + b * SPREAD_CURSOR_BYTES, 2).set([piece.keysAt, piece.valuesAt]);
    return piece;
  });
  // In two calls: each skips the rows of the other's buckets.
  const split = buckets >>> 1;
  for (const [first, n] of [
    [0, split],
    [split, buckets - split],
  ] as const) {
    const cursors = spread + first * SPREAD_CURSOR_BYTES;
    kernels.spreadBuckets(keys.kind, valueBytes, keysAt, valuesAt, rows, buckets, first, n, cursors);
  }
  const spreadWords = pieces.map((piece, b) => [
    ...u32(piece.keysAt, (counted[b]! * keyBytes) / 4),
    ...u32(piece.valuesAt, (counted[b]! * valueBytes) / 4),
  ]);
  const [table, progress] = [arena.take(256 * slotBytes[keys.kind]!), arena.take(4)];
  const order = arena.take(buckets * ORDER_CURSOR_BYTES);
  const groups: { key: number; value: number }[] = [];
  const marks = arena.take(counted.reduce((bytes, n) => bytes + ((n + 7) >>> 3), 0));
  let row = 0;
  pieces.forEach((piece, b) => {
    kernels.clearTable(keys.kind, table, 256);
    const ids = piece.keysAt;
    u32(order + b * ORDER_CURSOR_BYTES, 2).set([row, groups.length]);
    const size = kernels.indexKeys(keys.kind, ids, 0, counted[b]!, ids, table, 256, 0, 256, progress) >>> 0;
    assert.equal(kernels.markFirst(ids, counted[b]!, 0, marks + (row >>> 3)) >>> 0, size);
    row += (counted[b]! + 7) & ~7;
    const [found, folded] = [arena.take(size * 8), arena.take(size * 8)];
    kernels.extractTable(keys.kind, table, 256, found, 0);
    assert.equal(kernels.foldGroups(op, values.kind, ids, piece.valuesAt, counted[b]!, folded, 0) >>> 0, size);
    const own = keys.kind === 1 ? new Int32Array(memory.buffer, found, size) : new Float64Array(memory.buffer, found, size);
    const sums = new Float64Array(memory.buffer, folded, size);
    own.forEach((key, g) => void groups.push({ key, value: sums[g]! }));
  });
  const out = arena.take(groups.length * 4);
  const half = rows >>> 1; // in two calls: the second goes on where the first ended
  let size = kernels.orderGroups(keys.kind, keysAt, half, buckets, order, marks, out, 0, groups.length) >>> 0;
  size = kernels.orderGroups(keys.kind, keysAt + half * keyBytes, rows - half, buckets, order, marks, out, size, groups.length) >>> 0;
  assert.equal(size, groups.length);
  assert.ok(arena.intact(), 'something was written behind a piece');
  const inOrder = [...u32(out, size)].map(at => groups[at]!);
  return { counted, spreadWords, keys: inOrder.map(({ key }) => key), values: inOrder.map(({ value }) => value) };
}

describe('countBuckets, spreadBuckets, foldGroups, markFirst, orderGroups', () => {
  for (const keyKind of [NumericKind.Int32, NumericKind.Float64]) {
    for (const valueKind of [NumericKind.Int32, NumericKind.Float64]) {
      test(`${kindNames[keyKind]} keys, ${kindNames[valueKind]} values: as a Map, in order of first appearance`, () => {
        fc.assert(
          fc.property(bucketCase(keyKind, valueKind), fc.constantFrom(...bases), (c, base) => {
            const [kernel, twin] = implementations.map(([, kernels]) => inBuckets(kernels, base, c));
            const { keys, values } = kernel!;
            assert.deepEqual({ keys, values }, aggregateModel({ ...c, slots: 0, batches: [] }));
            assert.deepEqual(twin, kernel);
          }),
          { numRuns: 60 },
        );
      });
    }
  }
});

describe('sortNumbers', () => {
  const places = (kernels: Kernels, base: number, keys: Column, ascending: boolean) => {
    const arena = new Arena(base);
    const rows = keys.items.length;
    const bytes = rows * numericBytes[keys.kind]!;
    const at = arena.take(bytes);
    writeColumn(keys, at);
    const [words, otherWords] = [arena.take(bytes), arena.take(bytes)];
    const [order, otherOrder] = [arena.take(rows * 4), arena.take(rows * 4)];
    kernels.sortNumbers(keys.kind, at, rows, Number(ascending), words, order, otherWords, otherOrder, arena.take(8192));
    assert.ok(arena.intact(), 'something was written behind a column');
    return [...u32(order, rows)];
  };
  for (const keyKind of [NumericKind.Int32, NumericKind.Float64]) {
    test(`${kindNames[keyKind]} keys: in the order of keys, equal ones as they came`, () => {
      const columns = fc.integer({ min: 0, max: 300 }).chain(rows => column(keyKind, rows));
      fc.assert(
        fc.property(columns, fc.boolean(), fc.constantFrom(...bases), (keys, ascending, base) => {
          const at = (i: number) => numberAt(keys, i);
          const model = keys.items.map((_, i) => i).sort((a, b) => (ascending ? compareKeys(at(a), at(b)) : compareKeys(at(b), at(a))));
          for (const [, kernels] of implementations) assert.deepEqual(places(kernels, base, keys, ascending), model);
        }),
      );
    });
  }
});

describe('writeSteps, readSteps', () => {
  const step = fc.oneof(
    { weight: 30, arbitrary: fc.integer({ min: 0, max: 254 }) },
    { weight: 1, arbitrary: fc.integer({ min: 255, max: 300 }) },
  );
  const ascending = fc.tuple(int32, fc.array(step, { maxLength: 150 })).map(([first, steps]) => {
    let next = first;
    return steps.map(by => (next = (next + by) | 0));
  });
  const columns = fc.oneof(
    fc.array(ascending, { maxLength: 3 }).map(pieces => pieces.flat()),
    fc.array(fc.oneof(int32, fc.integer({ min: 0, max: 9 })), { maxLength: 300 }),
  );

  test('the column again, and the twin writes the same bytes', () => {
    let written = 0;
    fc.assert(
      fc.property(columns, fc.constantFrom(...bases), fc.boolean(), (column, base, last) => {
        const [first, ...others] = implementations.map(([, kernels]) => {
          const arena = new Arena(base);
          const from = arena.take(column.length * 4);
          new Int32Array(memory.buffer, from, column.length).set(column);
          const scratch = arena.take(mostStepBytes(column.length));
          const bytes = kernels.writeSteps(from, column.length, scratch) >>> 0;
          assert.ok(arena.intact(), 'something was written behind the steps');
          if (bytes === 0) return undefined;
          written++;
          // Up to the last byte: nobody may read behind the steps.
          const at = last ? base + ARENA - bytes : arena.take(bytes);
          new Uint8Array(memory.buffer).copyWithin(at, scratch, scratch + bytes);
          const steps = [...new Uint8Array(memory.buffer, at, bytes)];
          const to = arena.take(column.length * 4);
          kernels.readSteps(at, column.length, to);
          assert.ok(arena.intact(), 'something was written behind the column');
          assert.deepEqual([...new Int32Array(memory.buffer, to, column.length)], column);
          return steps;
        });
        for (const other of others) assert.deepEqual(other, first);
      }),
      { numRuns: 300 },
    );
    assert.ok(written > 200, `only ${written} columns were written`);
  });
});

describe('clearTable', () => {
  for (const [name, kernels] of implementations) {
    test(`${name}: empties the table and nothing else, up to the last byte of the memory`, () => {
      for (const base of bases) {
        for (const kind of [NumericKind.Int32, NumericKind.Float64]) {
          const arena = new Arena(base);
          const bytes = 16 * slotBytes[kind]!;
          const table = arena.take(bytes, true);
          const around = new Uint8Array(memory.buffer, table - 16, bytes + 16).fill(0xee);
          kernels.clearTable(kind, table, 16);
          assert.ok(around.subarray(0, 16).every(byte => byte === 0xee));
          assert.ok(around.subarray(16).every(byte => byte === 0));
        }
      }
    });
  }
});
