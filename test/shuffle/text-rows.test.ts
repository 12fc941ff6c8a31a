// The kernels over gathered columns of text, and their twins, against plain JavaScript, at low and at high addresses.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashKey } from '../../lib/codec/key-hash.js';
import type { Kernels } from '../../lib/shuffle/kernels.js';
import { reduceIdOf } from '../../lib/shuffle/partitioner.js';
import { Arena, bases, implementations, memory } from './arena.js';

const u8 = (at: number, length: number) => new Uint8Array(memory.buffer, at, length);
const u32 = (at: number, length: number) => new Uint32Array(memory.buffer, at, length);

const asciiPiece = fc.constantFrom('', 'a', 'ab', 'b', '\0', 'abcdefgh', 'abcdefgi', 'x'.repeat(17), 'y'.repeat(70));
const widePiece = fc.constantFrom('a', 'é', '\u07ff', '\u0800', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '😀', '\u{10ffff}');
const textOf = (piece: fc.Arbitrary<string>) => fc.array(piece, { maxLength: 5 }).map(parts => parts.join(''));
const texts = fc.array(fc.oneof(textOf(asciiPiece), textOf(widePiece)), { maxLength: 40 });

/** Puts strings into an arena as a gathered column. */
function gathered(arena: Arena, strings: readonly string[]): { addresses: number; lengths: number } {
  const [addresses, lengths] = [arena.take(strings.length * 4 + 4), arena.take(strings.length * 4 + 4)];
  let at = arena.take(Buffer.byteLength(strings.join('')) + 16);
  strings.forEach((text, i) => {
    const bytes = Buffer.from(text);
    u8(at, bytes.length).set(bytes);
    u32(addresses, strings.length)[i] = at;
    u32(lengths, strings.length)[i] = bytes.length;
    at += bytes.length;
  });
  return { addresses, lengths };
}

function orderOf(strings: readonly string[], ascending: boolean): number[] {
  const sign = ascending ? 1 : -1;
  return strings.map((_, i) => i).sort((i, j) => (strings[i]! < strings[j]! ? -sign : strings[i]! > strings[j]! ? sign : 0));
}

function sorted(kernels: Kernels, arena: Arena, strings: readonly string[], ascending: boolean): number[] {
  const n = strings.length;
  const { addresses, lengths } = gathered(arena, strings);
  const [heads, otherHeads] = [arena.take(n * 8 + 8), arena.take(n * 8 + 8)];
  const [order, otherOrder] = [arena.take(n * 4 + 4), arena.take(n * 4 + 4)];
  kernels.sortText(addresses, lengths, n, Number(ascending), heads, order, otherHeads, otherOrder);
  return [...u32(order, n)];
}

describe('kernels over gathered text', () => {
  for (const [name, kernels] of implementations) {
    for (const at of bases) {
      const where = `${name} at ${at}`;

      test(`textCollect stops where there is no room (${where})`, () => {
        fc.assert(
          fc.property(texts, fc.nat(200), fc.nat(10), (strings, room, skipped) => {
            const arena = new Arena(at);
            const bytes = Buffer.from(strings.join(''));
            const base = arena.take(bytes.length + 16);
            u8(base, bytes.length).set(bytes);
            const [starts, ends] = [arena.take(strings.length * 4 + 4), arena.take(strings.length * 4 + 4)];
            let offset = 0;
            strings.forEach((text, i) => {
              u32(starts, strings.length)[i] = offset;
              u32(ends, strings.length)[i] = offset += Buffer.byteLength(text);
            });
            const from = Math.min(skipped, strings.length);
            const out = arena.take(room);
            const [addresses, lengths, progress] = [arena.take(strings.length * 4 + 4), arena.take(strings.length * 4 + 4), arena.take(8)];
            const to = kernels.textCollect(base, starts, ends, from, strings.length, out, out + room, addresses, lengths, progress) >>> 0;
            let [fits, used] = [from, 0];
            while (fits < strings.length && used + Buffer.byteLength(strings[fits]!) + 16 <= room)
              used += Buffer.byteLength(strings[fits++]!);
            assert.equal(to, fits);
            assert.equal(u32(progress, 1)[0], out + used);
            const read = Array.from({ length: to - from }, (_, i) =>
              Buffer.from(u8(u32(addresses, to - from)[i]!, u32(lengths, to - from)[i]!)).toString(),
            );
            assert.deepEqual(read, strings.slice(from, to));
            assert.ok(arena.intact());
          }),
        );
      });

      test(`places by hash and by range (${where})`, () => {
        fc.assert(
          fc.property(texts, fc.integer({ min: 1, max: 1000 }), texts, fc.boolean(), (strings, reducers, others, ascending) => {
            const arena = new Arena(at);
            const { addresses, lengths } = gathered(arena, strings);
            const ids = arena.take(strings.length * 4 + 4);
            kernels.placeTextByHash(addresses, lengths, strings.length, reducers, ids);
            assert.deepEqual(
              [...u32(ids, strings.length)],
              strings.map(text => reduceIdOf(hashKey(text), reducers)),
            );
            const bounds = [...new Set(others)];
            const inOrder = orderOf(bounds, ascending).map(i => bounds[i]!);
            const own = gathered(arena, inOrder);
            const up = Number(ascending);
            kernels.placeTextByRange(addresses, lengths, strings.length, own.addresses, own.lengths, inOrder.length, up, ids);
            assert.deepEqual(
              [...u32(ids, strings.length)],
              strings.map(text => inOrder.filter(bound => (ascending ? bound < text : bound > text)).length),
            );
            assert.ok(arena.intact());
          }),
        );
      });

      test(`orderByHash, gatherNumbers and textBytes (${where})`, () => {
        const rowsOf = fc.array(fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.double(), fc.nat(99)), { maxLength: 60 });
        fc.assert(
          fc.property(rowsOf, fc.integer({ min: 1, max: 40 }), (given, reducers) => {
            const arena = new Arena(at);
            const n = given.length;
            const [values, out] = [arena.take(n * 8 + 8), arena.take(n * 8 + 8)];
            const [hashes, lengths, rows] = [arena.take(n * 4 + 4), arena.take(n * 4 + 4), arena.take(n * 4 + 4)];
            const first = arena.take((reducers + 1) * 4);
            new Float64Array(memory.buffer, values, n).set(given.map(([, value]) => value));
            u32(hashes, n).set(given.map(([hash]) => hash));
            u32(lengths, n).set(given.map(([, , length]) => length));
            kernels.orderByHash(hashes, n, reducers, rows, first);
            const ids = given.map(([hash]) => reduceIdOf(hash, reducers));
            const order = ids.map((_, i) => i).sort((i, j) => ids[i]! - ids[j]! || i - j);
            assert.deepEqual([...u32(rows, n)], order);
            assert.deepEqual(
              [...u32(first, reducers + 1)],
              Array.from({ length: reducers + 1 }, (_, reduce) => ids.filter(id => id < reduce).length),
            );
            kernels.gatherNumbers(values, rows, n, out);
            assert.deepEqual(
              [...new Float64Array(memory.buffer, out, n)],
              order.map(i => given[i]![1]),
            );
            assert.equal(
              kernels.textBytes(lengths, rows, n) >>> 0,
              given.reduce((sum, [, , length]) => sum + length, 0),
            );
            assert.ok(arena.intact());
          }),
        );
      });

      test(`textUnits and textGatherWide (${where})`, () => {
        fc.assert(
          fc.property(texts, fc.array(fc.nat(), { maxLength: 40 }), (strings, picks) => {
            const arena = new Arena(at);
            const { addresses, lengths } = gathered(arena, strings);
            const rows = strings.length === 0 ? [] : picks.map(pick => pick % strings.length);
            const rowsAt = arena.take(rows.length * 4 + 4);
            u32(rowsAt, rows.length).set(rows);
            const expected = rows.map(row => strings[row]!);
            const units = expected.join('').length;
            assert.equal(kernels.textUnits(addresses, lengths, rowsAt, rows.length) >>> 0, units);
            const [outLengths, out] = [arena.take(rows.length * 4 + 4), arena.take(units * 2)];
            kernels.textGatherWide(addresses, lengths, rowsAt, rows.length, outLengths, out);
            assert.deepEqual(
              [...u32(outLengths, rows.length)],
              expected.map(text => text.length),
            );
            assert.equal(Buffer.from(u8(out, units * 2)).toString('utf16le'), expected.join(''));
            assert.ok(arena.intact());
          }),
        );
      });

      test(`sortText, level ones in their order (${where})`, () => {
        fc.assert(
          fc.property(fc.array(textOf(asciiPiece), { maxLength: 80 }), fc.boolean(), (strings, ascending) => {
            const arena = new Arena(at);
            assert.deepEqual(sorted(kernels, arena, strings, ascending), orderOf(strings, ascending));
            assert.ok(arena.intact());
          }),
        );
      });
    }

    test(`sortText of many, which share long beginnings (${name})`, () => {
      const strings = Array.from({ length: 3000 }, (_, i) => `${'shared '.repeat(i % 13)}${(i * 7919) % 500}`);
      for (const ascending of [true, false]) {
        assert.deepEqual(sorted(kernels, new Arena(bases[0]!), strings, ascending), orderOf(strings, ascending));
      }
    });
  }
});
