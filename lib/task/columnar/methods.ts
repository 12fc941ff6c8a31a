// The methods of text, and the functions of Math and Number, that have a meaning on columns: their arguments and results.

import type { ColumnType, Operation } from './plan.js';

export interface Method {
  readonly op: Operation;
  readonly type: ColumnType;
  /** The types of the arguments; `optional` of them, from the end, may be absent. */
  readonly args: readonly ColumnType[];
  readonly optional: number;
}

const method = (op: Operation, type: ColumnType, args: readonly ColumnType[] = [], optional = 0): Method => ({ op, type, args, optional });

/** By the name that JavaScript has. */
export const TEXT_METHODS: ReadonlyMap<string, Method> = new Map([
  ['trim', method('trim', 'text')],
  ['trimStart', method('trimStart', 'text')],
  ['trimEnd', method('trimEnd', 'text')],
  ['toLowerCase', method('toLowerCase', 'text')],
  ['toUpperCase', method('toUpperCase', 'text')],
  ['slice', method('slice', 'text', ['number', 'number'], 2)],
  ['substring', method('substring', 'text', ['number', 'number'], 1)],
  ['charAt', method('charAt', 'text', ['number'], 1)],
  ['charCodeAt', method('charCodeAt', 'number', ['number'], 1)],
  ['indexOf', method('indexOf', 'number', ['text', 'number'], 1)],
  ['lastIndexOf', method('lastIndexOf', 'number', ['text'])],
  ['includes', method('includes', 'boolean', ['text', 'number'], 1)],
  ['startsWith', method('startsWith', 'boolean', ['text', 'number'], 1)],
  ['endsWith', method('endsWith', 'boolean', ['text'])],
  ['concat', method('concat', 'text', ['text'])],
]);

/** Functions of Math with a fixed number of arguments, all numbers; those of any number are in VARIADIC. */
export const MATH: ReadonlyMap<string, number> = new Map(
  (
    [
      ['abs acos acosh asin asinh atan atanh cbrt ceil cos cosh exp expm1 floor fround log log10 log1p log2', 1],
      ['round sign sin sinh sqrt tan tanh trunc clz32', 1],
      ['atan2 pow imul', 2],
    ] as const
  ).flatMap(([names, count]) => names.split(' ').map(name => [name, count] as const)),
);

export const VARIADIC: ReadonlySet<string> = new Set(['max', 'min', 'hypot']);

export const MATH_CONSTANTS: ReadonlySet<string> = new Set(['E', 'LN10', 'LN2', 'LOG10E', 'LOG2E', 'PI', 'SQRT1_2', 'SQRT2']);

/** Functions of one argument, or of a radix too. */
export const GLOBAL_FUNCTIONS: ReadonlySet<string> = new Set([
  'Number',
  'String',
  'Boolean',
  'parseInt',
  'parseFloat',
  'isNaN',
  'isFinite',
]);

/** Functions that a list's methods may call with an element and more, for they take one argument. */
export const FUNCTIONS_OF_ELEMENTS: ReadonlySet<string> = new Set([
  ...['Number', 'String', 'Boolean', 'isNaN', 'isFinite', 'parseFloat'],
  ...['Number.parseFloat', 'Number.isNaN', 'Number.isFinite', 'Number.isInteger'],
  ...[...MATH].filter(([, count]) => count === 1).map(([name]) => `Math.${name}`),
]);

/** Members of Number: constants, and functions. */
export const NUMBER_CONSTANTS: ReadonlySet<string> = new Set(
  'NaN POSITIVE_INFINITY NEGATIVE_INFINITY MAX_SAFE_INTEGER MIN_SAFE_INTEGER MAX_VALUE MIN_VALUE EPSILON'.split(' '),
);
export const NUMBER_FUNCTIONS: ReadonlySet<string> = new Set(['parseFloat', 'parseInt', 'isNaN', 'isFinite', 'isInteger']);

export const ARITHMETIC: ReadonlySet<string> = new Set(['-', '*', '/', '%', '**', '&', '|', '^', '<<', '>>', '>>>']);
export const COMPARISONS: ReadonlySet<string> = new Set(['<', '>', '<=', '>=']);
