// biome-ignore-all lint/suspicious/noGlobalIsNan: closures as users write them
// biome-ignore-all lint/suspicious/noGlobalIsFinite: closures as users write them
// biome-ignore-all lint/style/useTemplate: closures as users write them
// Every construct that columns know, against JavaScript itself: the same closures over the same text, once on bytes and
// once on strings.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type KernelName, kernelNames } from '../../shuffle/fixture.js';
import { linesOf, type Operator, plan, runColumns, runRows } from './harness.js';

const wanted = 'an';
const limit = 3;
const yes = true;
const options = { separator: ',', weights: [2, 3] };
const { floor } = Math;
const lower = (word: string) => word.toLowerCase();
const cleaned = (word: string) => {
  const bare = word.replace(/[^a-z0-9]/gi, '');
  return bare.length > 2 ? lower(bare) : bare;
};

/** By what they are about. Each takes lines that hold fields, numbers, words and whatever fast-check puts there. */
const place = 1;

const chains: Record<string, readonly Operator[]> = {
  'split at a space': [['flatMap', l => l.split(' ')]],
  'split at a string': [['flatMap', l => l.split(', ')]],
  'split at a character beyond ASCII': [['flatMap', l => l.split('é')]],
  'split at runs of white space': [['flatMap', l => l.split(/\s+/)]],
  'split at a class': [['flatMap', l => l.split(/[ ,;]/)]],
  'split at runs of what is no word': [['flatMap', l => l.split(/\W+/)]],
  'split at runs outside a class': [['flatMap', l => l.split(/[^a-z0-9]+/)]],
  'split in any case': [['flatMap', l => l.split(/a/i)]],
  'split, and split again': [
    ['flatMap', l => l.split(' ')],
    ['flatMap', w => w.split(',')],
  ],
  'words and ones': [
    ['flatMap', l => l.split(' ')],
    ['map', w => [w, 1]],
  ],
  'words that are not empty': [
    ['flatMap', l => l.split(/\s+/)],
    ['filter', w => w.length > 0],
    ['map', w => [w.toLowerCase(), 1]],
  ],
  'a list filtered and mapped': [
    [
      'flatMap',
      l =>
        l
          .split(' ')
          .filter((w: string) => w.length > 0)
          .map((w: string) => w.toLowerCase()),
    ],
  ],
  'trimmed, then split': [['flatMap', l => l.trim().split(/\s+/)]],
  'a list and its line': [['flatMap', l => l.split(' ').map((w: string) => [w, l.length, l.charAt(0)])]],
  'a list and its line, behind a test': [
    ['map', l => l.split(';')],
    ['filter', p => p.length > 1],
    ['flatMap', p => p[1].split(',').map((w: string) => ({ key: p[0], w, n: w.length + p[0].length }))],
    ['filter', o => o.n > 1],
    ['map', o => [o.w, o.key]],
  ],
  'parts and what separates them': [
    ['filter', l => l.split(/([ ,])/).length > 2],
    [
      'map',
      l => {
        const [first, by, second] = l.split(/([ ,])/);
        return [first, by, second, l.split(/(,+)/).length, l.split(/(\W)/)[0]];
      },
    ],
  ],
  'runs that separate': [['map', l => [l.split(/([ ,]+)/)[1], l.split(/([ ,]+)/)[2]]]],
  'expressions that are text': [['flatMap', l => l.split(/, /).map((w: string) => [w, w.length])]],
  'tests of expressions': [
    ['filter', l => /a/.test(l) || /[ ,]+/.test(l)],
    ['map', l => [/an/.test(l), /^a/.test(l), /an$/.test(l), /^an$/.test(l), /\W/.test(l), /[^a-z]/i.test(l), /\.\*/.test(l), /é/.test(l)]],
  ],
  'what is not undefined': [['map', l => [l ?? 'none', l?.length, l?.trim().length, l.split(',')[0] ?? 'x', l.split(',').at(0)]]],
  'what may be undefined': [['map', l => [l.split(',')[1] ?? 'none', l.split(',')[2]?.trim()]]],
  'an index that is captured': [['map', l => [l.split(',')[place], l.split(' ').at(place)]]],
  'a list with its places': [['flatMap', l => l.split(',').map((w: string, i: number) => [i, w])]],
  'the rest of a list': [
    ['flatMap', l => l.split(',').slice(1)],
    ['map', w => [w, w.length]],
  ],
  'the rest by destructuring': [
    [
      'flatMap',
      l => {
        const [first, ...others] = l.split(/[ ,]/);
        return others.slice(1).map((other: string, i: number) => [first, other, i]);
      },
    ],
  ],
  'lists in lists': [['flatMap', l => l.split(' ').flatMap((w: string) => w.split(',').map((x: string) => [w, x, l.length]))]],
  'lists in lists, filtered': [
    [
      'flatMap',
      l =>
        l
          .split(';')
          .filter((w: string) => w.includes('a'))
          .flatMap((w: string) => w.split(',').filter((x: string) => x.length > 1 && x !== w)),
    ],
  ],
  'two lists crossed': [
    [
      'flatMap',
      l => {
        const right = l.split(';');
        return l.split(' ').flatMap((a: string) => right.map((b: string) => `${a}-${b}`));
      },
    ],
  ],
  'an array': [['flatMap', l => [l, l.toUpperCase(), 'x']]],
  'an array of pairs': [
    [
      'flatMap',
      l => [
        [l, 1],
        [l.trim(), l.length],
        ['all', 1],
      ],
    ],
    ['filter', ([, n]) => n > 0],
  ],
  'an array of one': [['flatMap', l => [l.trim()]]],
  'an array, filtered and mapped': [['flatMap', l => [l, l.trim(), l.slice(1)].filter(w => w.length > 2).map(w => ({ w, n: w.length }))]],
  'an array or none': [['flatMap', l => (l.includes(',') ? [[l.split(',')[0], 1]] : [])]],
  'none or a list': [['flatMap', l => (l.startsWith('a') ? [] : l.split(' '))]],
  'arrays of different lengths': [['flatMap', l => (l.length > 3 ? [l, l.slice(3)] : l.length > 1 ? [l] : [])]],
  'an array, then a list of each': [
    ['flatMap', l => [l, `${l},${l}`]],
    ['flatMap', l => l.split(',')],
  ],
  'arrays of the parts': [['flatMap', l => l.split(' ').flatMap((w: string) => [w, w.length > 2 ? l : w])]],
  'a spread list': [['flatMap', l => [...l.split(' ')].map(w => w.trim())]],
  'matches of a class': [['flatMap', l => l.match(/\w+/g) || []]],
  'matches in any case': [['flatMap', l => (l.match(/[a-z]+/gi) ?? []).map((w: string) => [w.toLowerCase(), 1])]],
  'matches of what is no space': [['flatMap', l => (l.match(/\S+/g) ?? []).filter((w: string) => w.length > 1)]],
  'functions of JavaScript for each': [
    ['flatMap', l => l.split(',').filter(Boolean).map(Number)],
    ['filter', x => !Number.isNaN(x)],
  ],
  'numbers of a list': [
    ['flatMap', l => l.split(' ').map(parseFloat).map(Math.floor)],
    ['map', x => [x, x > 1]],
  ],
  replace: [['map', l => [l.replace(/[^a-z]/gi, ''), l.replace(/\s+/g, '_'), l.replace(/a/g, 'bc'), l.replace(/\d/g, '')]]],
  replaceAll: [['map', l => [l.replaceAll('an', ''), l.replaceAll(',', ', '), l.replaceAll('aa', 'a'), l.replaceAll('é', 'e')]]],
  'functions of the user': [
    ['flatMap', l => l.split(' ').map(cleaned)],
    ['map', w => lower(w).concat('!')],
  ],
  'a function inside': [
    [
      'map',
      l => {
        const half = (n: number) => n / 2;
        const both = (a: string) => a.length + half(5);
        return [half(l.length), half(half(3)), l.length > 2 ? half(1) : both(l)];
      },
    ],
  ],
  'captured functions of JavaScript': [['map', l => floor(l.length / 2)]],
  'captured objects': [['flatMap', l => l.split(options.separator).map((w: string) => w.length * options.weights[1]!)]],
  flatMapValues: [
    ['map', l => [l.charAt(0), l]],
    ['flatMapValues', l => l.split(',').filter((w: string) => w !== '')],
  ],
  'truthy text': [['filter', l => l]],
  not: [['filter', l => !l.includes('a')]],
  trim: [['map', l => l.trim()]],
  'trimStart and trimEnd': [['map', l => [l.trimStart(), l.trimEnd()]]],
  cases: [['map', l => [l.toLowerCase(), l.toUpperCase()]]],
  slice: [['map', l => [l.slice(2), l.slice(-3), l.slice(1, 4), l.slice(-4, -1), l.slice(3, 1), l.slice(l.length - 2)]]],
  substring: [['map', l => [l.substring(2), l.substring(4, 1), l.substring(-3, 2), l.substring(Number.NaN, 3)]]],
  'charAt and charCodeAt': [['map', l => [l.charAt(0), l.charAt(99), l.charCodeAt(1), l.charCodeAt(-1), l.charAt(1.9)]]],
  indexOf: [['map', l => [l.indexOf('a'), l.indexOf('an', 2), l.indexOf(''), l.lastIndexOf('n'), l.indexOf(wanted, -5)]]],
  includes: [['map', l => [l.includes('na'), l.includes(wanted), l.includes('é'), l.includes('a', 3)]]],
  'startsWith and endsWith': [['map', l => [l.startsWith('a'), l.startsWith('n', 1), l.endsWith('a'), l.endsWith('é')]]],
  length: [['map', l => l.length]],
  equality: [['map', l => [l === 'a', l !== 'banana', l === l.trim(), l.length === limit, l.length !== 3]]],
  order: [['map', l => [l < 'b', l > 'é', l <= l.trim(), l.length >= limit]]],
  arithmetic: [['map', l => [l.length + 1, l.length - 2.5, l.length * 3, l.length / 7, l.length % 3, l.length ** 2, -l.length]]],
  bits: [['map', l => [l.length & 3, l.length | 8, l.length ^ 5, l.length << 3, ~l.length, l.length >> 1, (l.length - 9) >>> 1]]],
  Math: [['map', l => [Math.sqrt(l.length), Math.max(l.length, 3, 5), Math.floor(l.length / 2), Math.PI, Math.atan2(l.length, 2)]]],
  'Math, all of one argument': [
    ['map', l => Number(l.split(',')[0])],
    [
      'map',
      x => [
        [Math.abs(x), Math.acos(x), Math.acosh(x), Math.asin(x), Math.asinh(x), Math.atan(x), Math.atanh(x), Math.cbrt(x)],
        [Math.ceil(x), Math.cos(x), Math.cosh(x), Math.exp(x), Math.expm1(x), Math.floor(x), Math.fround(x), Math.log(x)],
        [Math.log10(x), Math.log1p(x), Math.log2(x), Math.round(x), Math.sign(x), Math.sin(x), Math.sinh(x), Math.sqrt(x)],
        [Math.tan(x), Math.tanh(x), Math.trunc(x), Math.clz32(x)],
      ],
    ],
  ],
  'Math of more': [['map', l => [(+l) ** 0.5, Math.imul(+l, 7), Math.atan2(+l, -0), Math.min(+l, 1), Math.max(-0, +l), Math.hypot(+l, 3)]]],
  'numbers and their order': [
    ['map', l => [+l < 1, +l <= 0, +l > 1e300, +l >= 5e-324, +l === 0, +l !== l.length, 1 / +l === Infinity, -l]],
  ],
  'numbers that choose': [['map', l => [+l ? 'some' : 'none', +l || -1, +l && l.length, !+l, (+l % 2) + (+l) ** 2]]],
  Number: [['map', l => [Number(l), +l, Number(l.split(',')[0]), +l.trim()]]],
  // biome-ignore lint/correctness/useParseIntRadix: as users write it, too
  parse: [['map', l => [parseInt(l), parseInt(l, 10), parseFloat(l)]]],
  isNaN: [['filter', l => !isNaN(Number(l)) && isFinite(Number(l))]],
  'functions of Number': [['map', l => [Number.isNaN(+l), Number.isFinite(+l), Number.isInteger(+l), Number.parseInt(l, 10)]]],
  'text and numbers together': [['map', l => [`${l}:${l.length}`, 'a' + l + 1, l.length + l, `${l.length > 3}`, String(l.length / 3)]]],
  'an empty template': [['map', l => `${''}${l}`]],
  'concat and toString': [['map', l => [l.concat('!'), l.length.toString(), l.toString()]]],
  'made text, cut again': [['map', l => l.toUpperCase().slice(1).trim().concat('x').toLowerCase()]],
  'made text, split again': [['flatMap', l => `${l} ${l}`.split(' ')]],
  'and, or': [['map', l => [l.length > 2 && l.includes('a'), l.length > 5 || l === '', l || 'none', l && 'some', l.length || -1]]],
  'a choice': [['map', l => (l.length > 3 ? l.slice(0, 3) : l.length === 0 ? '-' : l)]],
  'a choice of numbers': [['map', l => (l.includes(',') ? Number(l.split(',')[0]) : -1)]],
  'a choice of pairs': [['map', l => (l.length > 3 ? [l, 1] : ['short', 2])]],
  'comparison as a number': [['map', l => (l.length < 3 ? 1 : 0)]],
  'a boolean as a number': [['map', l => Number(l.length > 3) + 1]],
  'the first field': [['map', l => l.split(',')[0]]],
  'fields where there are enough': [
    ['map', l => l.split(',')],
    ['filter', p => p.length > 2],
    ['map', p => [p[0], Number(p[2])]],
  ],
  'fields by destructuring': [
    ['filter', l => l.split(/[,;]+/).length > 1],
    [
      'map',
      l => {
        const [a, b] = l.split(/[,;]+/);
        return { b, a: a.trim() };
      },
    ],
  ],
  'a field that may not be there': [['map', l => [l.split(',')[1], 1]]],
  'locals and early returns': [
    [
      'map',
      l => {
        const t = l.trim();
        const n = t.length;
        if (n > 4) return [t, n];
        if (n === 0) {
          return ['', -0];
        } else {
          const m = n * 2;
          return [t.slice(0, 1), m];
        }
      },
    ],
  ],
  objects: [['map', l => ({ text: l, n: l.length, deep: { first: l.charAt(0), list: [1, l] } })]],
  'objects and their keys': [
    ['map', l => ({ text: l, n: l.length })],
    ['filter', ({ n }) => n > 1],
    ['map', o => [o.text, o.n + 1]],
  ],
  'keyBy and mapValues': [
    ['keyBy', l => l.charAt(0)],
    ['mapValues', l => l.length],
    ['filter', ([k, v]) => v > 1 && k !== 'x'],
  ],
  'captured constants': [['filter', l => l.includes(wanted) === yes && l.length > limit]],
  'constants as rows': [['map', () => ['all', 1, null, undefined, true]]],
  'the same column twice': [['map', l => [l, l, l.length, l.length]]],
  'nothing passes': [['filter', l => l.length < 0]],
  'a function of the old kind': [['map', l => l.length]],
};

const text = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .array(
          fc.constantFrom(
            'a',
            'an',
            'banana',
            ' ',
            '  ',
            ',',
            ', ',
            ';',
            '1',
            '42',
            '-0',
            '1.5',
            '1e3',
            'X',
            'Nan',
            '\t',
            '0x1F',
            '.5',
            '',
            '123456789012345678',
            '1e400',
            '-1e400',
            'Infinity',
            '9007199254740993',
            '5e-324',
            '-',
          ),
          { maxLength: 9 },
        )
        .map(parts => parts.join('')),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        'é',
        'naïve café',
        'ß',
        'İ',
        'ΑΣ',
        '\u00a0a\u00a0',
        '\ufeffx',
        '\u2028',
        '😀,😀 a',
        'a\uffe6',
        'b\u{1f600}',
        '\u3000',
      ),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }).map(line => line.replace(/\n/g, '')) },
  ),
  { maxLength: 12 },
);
const ends = fc.constantFrom('\n', '\r\n');

function check(operators: readonly Operator[], bytes: Uint8Array, kernel: KernelName): void {
  const lines = linesOf(bytes);
  let expected: readonly unknown[] | undefined;
  try {
    expected = runRows(operators, lines);
  } catch {
    // What throws on strings throws on columns, for such a batch goes through the same functions.
    assert.throws(() => runColumns(operators, bytes, kernel));
    return;
  }
  assert.deepStrictEqual(runColumns(operators, bytes, kernel).rows, expected);
}

describe('columns give what strings give', () => {
  for (const [name, operators] of Object.entries(chains)) {
    test(name, () => {
      for (const kernel of kernelNames) {
        fc.assert(
          fc.property(text, ends, fc.boolean(), (lines, end, ended) => {
            check(operators, Buffer.from(lines.join(end) + (ended ? end : '')), kernel);
          }),
          { numRuns: kernel === 'kernel' ? 60 : 20 },
        );
      }
    });
  }

  test('bytes that are no UTF-8', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...Object.values(chains)), (bytes, operators) => {
        check(operators, bytes, 'kernel');
      }),
      { numRuns: 600 },
    );
  });
});

describe('what stays columns', () => {
  const many = (line: string) => Buffer.from(`${line}\n`.repeat(20_000));

  test('ASCII text, from end to end, in batches', () => {
    for (const [name, operators] of Object.entries(chains)) {
      if (name === 'a field that may not be there') continue;
      const { columns, others } = runColumns(operators, many('42,7, banana an'));
      assert.ok(columns > 3 && others === 0, `${name}: ${columns} batches of columns, ${others} others`);
    }
  });

  test('only the batches that bytes cannot do go the other way', () => {
    const bytes = Buffer.from(`${'plain text\n'.repeat(10_000)}ÉTÉ\n${'plain text\n'.repeat(10_000)}`);
    const operators: Operator[] = [['map', l => l.toLowerCase()]];
    const { rows, columns, others } = runColumns(operators, bytes);
    assert.deepStrictEqual(rows, runRows(operators, linesOf(bytes)));
    assert.equal(others, 1);
    assert.ok(columns > 3);
  });

  test('a line longer than a batch goes the other way, and the text after it does not', () => {
    const bytes = Buffer.from(`a b\n${'word '.repeat(100_000)}\n${'c d\n'.repeat(1000)}`);
    const operators: Operator[] = [['flatMap', l => l.split(' ')]];
    const { rows, columns, others } = runColumns(operators, bytes);
    assert.deepStrictEqual(rows, runRows(operators, linesOf(bytes)));
    assert.ok(others >= 1 && columns >= 1);
  });

  test('text that is made and does not fit comes in smaller batches, or goes the other way', () => {
    const twelve: Operator[] = [['map', l => `${l}${l}${l}${l}${l}${l}${l}${l}${l}${l}${l}${l}`]];
    for (const [length, goes] of [
      [30, 0],
      [30_000, 1],
    ] as const) {
      const bytes = Buffer.from(`${'x'.repeat(length)}\n`.repeat(60_000 / length));
      const { rows, columns, others } = runColumns(twelve, bytes);
      assert.deepStrictEqual(rows, runRows(twelve, linesOf(bytes)));
      assert.ok(goes === 0 ? columns > 1 && others === 0 : others > 0);
    }
  });

  test('Latin-1 is text too', () => {
    const bytes = Buffer.from('caf\u00e9 na\u00efve\nplain\n', 'latin1');
    const { rows } = runColumns([['flatMap', l => l.split(' ')]], bytes, 'kernel', 'latin1');
    assert.deepStrictEqual(rows, ['café', 'naïve', 'plain']);
  });
});

describe('what ends a plan', () => {
  const captured = (word: string) => word.normalize();
  const endless = (word: string): string => (word.length > 1 ? endless(word.slice(1)) : word);
  const table = new Map([['a', 1]]);
  const refused: Record<string, [Operator, RegExp]> = {
    'a captured function': [['map', l => captured(l)], /captured\(\), which has \.normalize/],
    'a function that calls itself': [['map', l => endless(l)], /endless/],
    'a captured Map': [['map', l => table.get(l)], /table/],
    'the index of what was filtered': [
      [
        'flatMap',
        l =>
          l
            .split(' ')
            .filter(Boolean)
            .map((_: string, i: number) => i),
      ],
      /index/,
    ],
    'the index as a radix': [['flatMap', l => l.split(' ').map(parseInt)], /parseInt/],
    'matches that may be none': [['flatMap', l => l.match(/a+/g)], /match\(\)/],
    'an array of different types': [['flatMap', l => [l, l.length]], /different types/],
    'a choice between lists': [['flatMap', l => (l ? l.split(' ') : l.split(','))], /choice/],
    'a pattern of replace': [['map', l => l.replace(/a(b)/g, '$1')], /replace/],
    'an unknown method': [['map', l => l.normalize()], /normalize/],
    'a loop': [
      [
        'map',
        l => {
          let n = 0;
          for (const c of l) n += c.length;
          return n;
        },
      ],
      /loop/,
    ],
    'an assignment': [
      [
        'map',
        l => {
          let n = 0;
          n = l.length;
          return n;
        },
      ],
      /effect/,
    ],
    JSON: [['map', l => JSON.parse(l)], /JSON/],
    'new': [['map', l => new Date(l)], /new/],
    'a regular expression that looks around': [['flatMap', l => l.split(/(?=a)/)], /regular/],
    'a split into characters': [['flatMap', l => l.split('')], /separator/],
    'a choice between types': [['map', l => (l.length > 1 ? 1 : 'one')], /choice/],
    'a path without return': [
      [
        'map',
        l => {
          if (l) return 1;
        },
      ],
      /return/,
    ],
    'the parts themselves': [['map', l => l.split(',')], /parts/],
  };
  for (const [name, [operator, what]] of Object.entries(refused)) {
    test(name, () => {
      const first: Operator = ['filter', l => l.length > 0];
      const { plan: found, obstacle } = plan([first, operator]);
      assert.equal(found?.covered, 1);
      assert.equal(obstacle?.operator, 1);
      assert.match(obstacle.what, what);
    });
  }
});
