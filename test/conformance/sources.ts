// Random sources for the model: rows of every kind that a record may be, and text of whatever bytes; how the engine opens
// them, and the model of what it opened.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Context, RDD } from '../../lib/index.js';
import { Model } from './model.js';

const lone = '\ud800';
const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.NaN, -0, 2 ** 31, -(2 ** 31), 2 ** 53, 2 ** 53 + 2, 0.1, -2.5, 1e308, Number.POSITIVE_INFINITY),
  fc.double(),
);
/** Any code units: pairs of surrogates, and halves of them. */
const units = fc.array(fc.nat({ max: 0xffff }), { maxLength: 4 }).map(codes => String.fromCharCode(...codes));
const text = fc.oneof(fc.constantFrom('', '__proto__', lone, 'a', 'é', '😀', 'constructor'), units);
const scalar = fc.oneof(number, text, fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.constantFrom(null, undefined, true, false));
// No invalid dates: to assert.deepStrictEqual they are not equal to themselves.
const date = fc.date({ min: new Date(0), max: new Date(5), noInvalidDate: true });
const object = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', '__proto__'), scalar), { maxLength: 2, selector: ([name]) => name });
const memory = fc.oneof(
  fc.uint8Array({ maxLength: 3, max: 2 }),
  fc.int32Array({ maxLength: 2, min: -1, max: 1 }),
  fc.array(number, { maxLength: 2 }).map(numbers => Float64Array.from(numbers)),
);
const collection = fc.oneof(
  fc.uniqueArray(fc.tuple(text, scalar), { maxLength: 2, selector: ([name]) => name }).map(entries => new Map<unknown, unknown>(entries)),
  fc.array(scalar, { maxLength: 3 }).map(items => new Set<unknown>(items)),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  scalar,
  date,
  fc.array(scalar, { maxLength: 3 }),
  fc.tuple(scalar, fc.array(scalar, { maxLength: 2 })),
  object.map(entries => Object.fromEntries(entries)),
  memory,
  collection,
);

/** Rows of one kind, which take the typed paths, or of all kinds. */
const rows = fc.oneof(
  ...[fc.integer(), fc.integer({ min: -2, max: 2 }), number, text, value].map(row => fc.array(row, { maxLength: 60 })),
  // Longer than the rows that a task looks at before it decides on its columns, and not of one kind behind them.
  fc.tuple(fc.integer({ min: 257, max: 600 }), fc.array(value, { maxLength: 5 })).map(([n, rest]) => [...Array(n).keys(), ...rest]),
  // One hot key.
  fc
    .tuple(fc.integer({ min: 1, max: 80 }), value, fc.array(value, { maxLength: 8 }))
    .map(([n, hot, rest]) => [...Array(n).fill(hot), ...rest]),
);

/** A character a byte. Among the parts: every line end, marks, invalid and cut UTF-8, numbers as people write them. */
const bytes = fc
  .array(
    fc.oneof(
      fc.constantFrom('\n', '\r\n', '\n', ' ', ',', 'a', 'to be', 'Be', '0', '12', '-3.5', '1e3', '0x1F', 'NaN', '-0', '\t'),
      fc.constantFrom('\r', '\0', '\xff', '\xc3', '\xc3\xa9', '\xf0\x9f\x98\x80', '\xf0\x9f', '\xed\xa0\x80', '\xef\xbb\xbf', '\xc2\xa0'),
    ),
    { maxLength: 60 },
  )
  .map(parts => parts.join(''));

export type Source = { readonly partitions: number | undefined } & (
  | { readonly rows: readonly unknown[] }
  | { readonly bytes: string; readonly decoder: 'utf-8' | 'latin1' }
);
const partitions = fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined });
export const rowsSource: fc.Arbitrary<Source> = fc.record({ rows, partitions });
export const textSource: fc.Arbitrary<Source> = fc.record({ bytes, partitions, decoder: fc.constantFrom('utf-8', 'utf-8', 'latin1') });
export const anySource = fc.oneof({ weight: 5, arbitrary: rowsSource }, { weight: 1, arbitrary: textSource });

export type Twin = { readonly rdd: RDD<never>; readonly model: Model };

/** Opens sources in a context; text lies in files of a folder until they are removed. */
export class Sources {
  private readonly folder = mkdtempSync(join(tmpdir(), 'heddle-model-'));
  private files = 0;

  /** A path in the folder that nothing has yet. */
  fresh(): string {
    return join(this.folder, `${this.files++}`);
  }

  open(sc: Context, source: Source): Twin {
    if ('rows' in source) {
      const rdd = sc.parallelize(source.rows, source.partitions);
      return { rdd: rdd as RDD<never>, model: modelOf(sc, rdd, source.rows) };
    }
    const path = this.fresh();
    writeFileSync(path, source.bytes, 'latin1');
    const { decoder, partitions } = source;
    const rdd = sc.textFile(path, partitions === undefined ? { decoder } : { decoder, partitions });
    return { rdd: rdd as RDD<never>, model: modelOf(sc, rdd, source) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The rows of a source as the engine cuts them. */
function modelOf(
  sc: Context,
  { node }: { readonly node: RDD<unknown>['node'] },
  source: readonly unknown[] | { bytes: string; decoder: string },
): Model {
  assert(node.kind === 'source');
  const lines = Array.isArray(source) ? [] : linesOf(source as { bytes: string; decoder: string });
  const rows: readonly unknown[] = Array.isArray(source) ? source : lines.map(([, line]) => line);
  let from = 0;
  const partitions = Array.from({ length: node.partitions }, (_, p) => {
    const input = node.input(p);
    if (input.kind === 'rows') return rows.slice(from, (from += input.rows));
    assert(input.kind === 'text');
    // A line belongs to whoever has its first byte.
    const mine = lines.filter(([at]) => input.pieces.some(({ start, end }) => at >= start && at < end));
    from += mine.length;
    return mine.map(([, line]) => line);
  });
  assert.equal(from, rows.length);
  return new Model(partitions, sc.defaultParallelism);
}

/** Where each line begins, and its text. */
function linesOf({ bytes, decoder }: { bytes: string; decoder: string }): [number, string][] {
  const lines: [number, string][] = [];
  const mark = '\xef\xbb\xbf';
  if (bytes === mark && decoder === 'utf-8') return []; // of nothing behind the mark, as of an empty file
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf('\n', at);
    const end = newline === -1 ? bytes.length : newline;
    let line = bytes.slice(at, end);
    if (at === 0 && decoder === 'utf-8' && line.startsWith(mark)) line = line.slice(mark.length);
    if (newline !== -1 && line.endsWith('\r')) line = line.slice(0, -1);
    lines.push([at, decoder === 'latin1' ? line : Buffer.from(line, 'latin1').toString('utf8')]);
    at = end + 1;
  }
  return lines;
}
