// Sorts the values of a batch into classes, in one pass: which kind of column they get depends on nothing else.

/** Classes of values, as bits, so that those of a batch add up. */
export const ValueClass = {
  Undefined: 1, // a hole counts as undefined
  Null: 2,
  Boolean: 4,
  Int32: 8, // an integer of 32 bits, -0 excepted
  Float64: 16, // any other number
  String: 32,
  BigInt: 64,
  Object: 128, // and functions and symbols, which the column of objects refuses
} as const;

export const NUMBER = ValueClass.Int32 | ValueClass.Float64;

/** The class of one value. */
export function classOf(value: unknown): number {
  switch (typeof value) {
    case 'number':
      return (value | 0) === value && (value !== 0 || 1 / value > 0) ? ValueClass.Int32 : ValueClass.Float64;
    case 'string':
      return ValueClass.String;
    case 'boolean':
      return ValueClass.Boolean;
    case 'undefined':
      return ValueClass.Undefined;
    case 'bigint':
      return ValueClass.BigInt;
    default:
      return value === null ? ValueClass.Null : ValueClass.Object;
  }
}

/** The classes of values[from..to), or'ed. */
export function classesOf(values: ArrayLike<unknown>, from: number, to: number): number {
  if (from === to) return 0;
  if (values instanceof Int32Array) return ValueClass.Int32;
  if (values instanceof Float64Array) return ValueClass.Float64;
  let classes = 0;
  for (let i = from; i < to; i++) classes |= classOf(values[i]);
  return classes;
}
