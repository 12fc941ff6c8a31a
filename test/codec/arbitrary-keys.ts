// Keys of every kind for property tests, and other guises of them.
import fc from 'fast-check';

const text = fc.oneof(
  fc.string({ maxLength: 3 }),
  fc.string({ unit: 'binary', maxLength: 3 }),
  fc.constantFrom('', '__proto__', '\ud800', 'a'),
);
export const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.integer(),
  fc.double(),
  fc.constantFrom(-0, 0, Number.NaN, 2 ** 31, 2 ** 53),
);
const primitive = fc.oneof(text, number, fc.boolean(), fc.bigInt({ min: -3n, max: 3n }), fc.bigInt(), fc.constantFrom(null, undefined));
export const key: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  key: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    primitive,
    fc.array(tie('key'), { maxLength: 3 }),
    fc.dictionary(text, tie('key'), { maxKeys: 3 }),
    fc.array(tie('key'), { maxLength: 3 }).map(items => new Set(items)),
    fc.array(fc.tuple(tie('key'), tie('key')), { maxLength: 3 }).map(entries => new Map(entries)),
    fc.date({ min: new Date(0), max: new Date(3) }),
    fc.uint8Array({ maxLength: 2 }),
    fc.float64Array({ maxLength: 2 }),
    fc.int16Array({ maxLength: 2 }),
  ),
})).key;
/** Two keys that are often alike: a key and a changed copy of it, or two keys. */
export const twoKeys = fc.oneof(
  fc.tuple(key, key),
  key.map(k => [k, structuredClone(k)] as [unknown, unknown]),
  key.map(k => [k, reordered(k)] as [unknown, unknown]),
);

/** The same key in another guise: properties and entries the other way round, -0 for 0. */
export function reordered(value: unknown): unknown {
  if (value === 0) return Object.is(value, 0) ? -0 : 0;
  if (Array.isArray(value)) return value.map(reordered);
  if (value instanceof Set) return new Set([...value].reverse().map(reordered));
  if (value instanceof Map) return new Map([...value].reverse().map(([k, v]) => [reordered(k), reordered(v)]));
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, item]) => [name, reordered(item)]),
  );
}
