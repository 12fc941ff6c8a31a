import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { captureClosure, isBounded } from '../../../lib/codec/closure/index.js';

type F = (...args: never[]) => unknown;
const bounded = (f: F) => isBounded(captureClosure(f, 'f'));

describe('a closure that ends soon', () => {
  const scale = 3;
  const names = { a: [1, 2] };
  const cases: Record<string, F> = {
    arithmetic: (x: number) => (x * 2 + 1) % 7,
    'a captured value': (x: number) => x * scale + names.a.length,
    'pairs, patterns and defaults': ([k, v = 1]: [string, number?]) => ({ k, v, pair: [k, v] }),
    statements: (x: number) => {
      const y = Math.abs(x);
      let z = y;
      if (z > 3) z += 1;
      else return null;
      return z;
    },
    'text methods': (s: string) => s.trim().toLowerCase().split(',').length + s.charCodeAt(0) + Number(s),
    templates: (s: string) => `${s}:${s.length}`,
    'powers with a literal exponent': (x: number) => x ** 2 + (1 << 3),
    'an object changed': (sums: { n: number }, x: number) => {
      sums.n += x;
      return sums;
    },
    'a function of the old kind': function (this: unknown, x: number) {
      return x?.toFixed(2) ?? '';
    },
  };
  for (const [name, f] of Object.entries(cases)) test(name, () => assert.equal(bounded(f), true));
});

describe('a closure that may not end, or may be noticed', () => {
  const helper = (x: number): number => (x > 0 ? helper(x - 1) : 0);
  const shadow = { max: (x: number) => x };
  const cases: Record<string, F> = {
    'a loop': (n: number) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += i;
      return sum;
    },
    'while (true)': () => {
      while (true);
    },
    'a function of the user’s': (x: number) => helper(x),
    'a callback': (rows: number[]) => rows.map(x => x + 1),
    'a regular expression': (s: string) => /(a+)+$/.test(s),
    'a global': (x: number) => console.log(x),
    'the end of the process': () => process.exit(1),
    'an instance': (x: number) => new Array(x),
    'a generator': function* (x: number) {
      yield x;
    },
    'a promise': async (x: number) => x,
    'a long text': (s: string) => s.repeat(1e9),
    'a large bigint': (x: bigint) => x ** x,
    'a shifted bigint': (x: bigint, n: bigint) => x << n,
    'a computed method': (s: string, name: 'trim') => s[name](),
    'Math of the user’s': (() => {
      // biome-ignore lint/suspicious/noShadowRestrictedNames: that is the case
      const Math = shadow;
      return (x: number) => Math.max(x);
    })(),
    'a tag': (s: string) => String.raw`\\${s}`,
    'a class': (x: number) =>
      class A {
        x = x;
      },
  };
  for (const [name, f] of Object.entries(cases)) test(name, () => assert.equal(bounded(f), false));
});
