// Random chains of operators for the model: closures, and one step of a chain applied to an RDD and to its model alike.
// A step more is a line in one of the tables below.
import fc from 'fast-check';
import type { RDD } from '../../lib/index.js';
import type { Model } from './model.js';
import { anySource, rowsSource, type Source, type Twin, textSource } from './sources.js';

type AnyRdd = RDD<never>;
const joins = ['join', 'leftOuterJoin', 'rightOuterJoin', 'fullOuterJoin', 'subtractByKey'] as const;
type Meeting =
  | 'union'
  | 'cogroup'
  | 'groupWith'
  | 'zip'
  | 'zipPartitions'
  | 'cartesian'
  | 'intersection'
  | 'subtract'
  | (typeof joins)[number];
type Method = Exclude<keyof Model & keyof AnyRdd, Meeting>;

/** The methods that chains have called so far. */
export const called = new Set<string>();

/** Applies a method to both. The closures have no state, so one function serves both. */
const call = (twin: Twin, method: Method, ...args: unknown[]): Twin => invoke(twin, method, args, args);

/** Applies a method that takes others before its arguments. */
const meet = (twin: Twin, method: Meeting, others: readonly Twin[], ...args: unknown[]): Twin =>
  invoke(twin, method, [...others.map(({ rdd }) => rdd), ...args], [...others.map(({ model }) => model), ...args]);

function invoke({ rdd, model }: Twin, method: Method | Meeting, args: readonly unknown[], modelArgs: readonly unknown[]): Twin {
  called.add(method);
  return {
    rdd: (rdd[method] as unknown as (...args: readonly unknown[]) => AnyRdd)(...args),
    model: (model[method] as unknown as (...args: readonly unknown[]) => Model)(...modelArgs),
  };
}

const tag = (v: unknown): string => (typeof v === 'string' && v.length < 200 ? v : typeof v);
const kindOf = (v: unknown): unknown => (Array.isArray(v) ? v.length : v instanceof Date ? null : typeof v);
const numberOf = (v: unknown): number => (typeof v === 'number' ? v : 0.1);
const intOf = (v: unknown): number => (typeof v === 'number' ? v | 0 : 7);

const maps: ((v: unknown) => unknown)[] = [
  v => [v, 1],
  v => ({ v }),
  kindOf,
  numberOf,
  intOf,
  v => [intOf(v), numberOf(v)],
  v => [kindOf(v), v],
];
const filters: ((v: unknown) => unknown)[] = [v => typeof v !== 'string', v => v, () => false, v => Number.isNaN(v) || v === 0];
const flats: ((v: unknown) => Iterable<unknown>)[] = [
  v => [v, v],
  function* (v) {
    yield v;
    yield [v];
  },
  v => (Array.isArray(v) ? v : []),
  v => (typeof v === 'string' ? v : new Set([v])),
];
const wholes: ((rows: Iterable<unknown>) => Iterable<unknown>)[] = [
  function* (rows) {
    let n = 0;
    for (const row of rows) yield [n++, row];
  },
  rows => [...rows].reverse(),
  rows => [Array.from(rows).length],
  function* (rows) {
    for (const row of rows) {
      yield row;
      if (typeof row === 'string') return;
    }
  },
];
const reducers: ((a: never, b: never) => unknown)[] = [
  (a: number, b: number) => a + b,
  (a: number, b: number) => Math.min(a, b),
  (a: number, b: number) => Math.max(a, b),
];
/** Whatever the values, and neither commutative nor associative: it shows in what order and how they were combined. */
const anyReducers: ((a: never, b: never) => unknown)[] = [
  (a: unknown, _b: unknown) => a,
  (_a: unknown, b: unknown) => b,
  (a, b) => `(${tag(a)} ${tag(b)})`,
];
const combiner = {
  createCombiner: (v: unknown) => [tag(v)],
  mergeValue: (c: string[], v: unknown) => {
    c.push(tag(v));
    return c;
  },
  mergeCombiners: (a: string[], b: string[]) => [...a, '|', ...b],
};

/** Methods that keep the rows, which stay the same, and let them go. */
const keepers: (readonly ['cache' | 'persist' | 'checkpoint' | 'unpersist', ...string[]])[] = [
  ['cache'],
  ['persist', 'disk'],
  ['persist', 'memoryAndDisk'],
  ['checkpoint'],
  ['unpersist'],
];
function keep(twin: Twin, [method, ...args]: (typeof keepers)[number]): Twin {
  called.add(method).add('unpersist');
  twin.rdd.unpersist(); // what is kept one way cannot be kept another way
  (twin.rdd[method] as unknown as (...args: readonly string[]) => AnyRdd)(...args);
  return twin;
}

// Closures that can run on columns of text and numbers, and some next to them that cannot.
const textMaps: ((t: string) => unknown)[] = [
  t => t.trim(),
  t => t.toUpperCase(),
  t => t.toLowerCase(),
  t => t.slice(1, 3),
  t => t.length,
  t => [t, 1],
  t => [t, t.length],
  t => Number(t),
  t => parseInt(t, 10),
  t => parseFloat(t),
  t => `<${t}>`,
  t => t.split(' ').length,
];
const textFlats: ((t: string) => string[])[] = [t => t.split(' '), t => t.split(','), t => t.split(/\s+/), t => t.split('')];
const textFilters: ((t: string) => unknown)[] = [
  t => t.includes('a'),
  t => t !== '',
  t => t.length > 2,
  t => /\d/.test(t),
  t => t.startsWith('to') || t.endsWith('e'),
];
const numberMaps: ((n: number) => unknown)[] = [
  n => n * 2 + 1,
  n => Math.abs(n),
  n => [n, n],
  n => [n % 3, 1],
  n => (n > 0 ? n : -n),
  n => n | 0,
  n => Math.floor(n / 2),
];
const numberFilters: ((n: number) => unknown)[] = [n => n >= 0, n => n % 2 === 0, n => n];

/** The same for keys that are equal by value. */
const partitioners = [
  { partitions: 3, partition: (key: unknown) => (typeof key === 'number' ? 2 : 0) },
  { partitions: 2, partition: (key: unknown) => (Array.isArray(key) ? key.length % 2 : 1) },
];
const sortKeys: ((v: unknown) => unknown)[] = [v => v, kindOf, intOf, numberOf];
/** Past this a cartesian product is not taken. */
const MOST_PAIRS = 2000;
const MOST_PARTS = 40;

/** What a step chooses from: numbers to pick a closure by, partitions, another source. */
interface Chosen {
  readonly pick: number;
  readonly partitions: number | undefined;
  /** A number of partitions, or a partitioner. */
  readonly spread: number | (typeof partitioners)[number] | undefined;
  more(): Twin;
}
type StepOf = (twin: Twin, chosen: Chosen) => Twin;

const isPair = (row: unknown) => Array.isArray(row) && row.length === 2;
const pickOf = <T>(from: readonly T[], pick: number): T => from[pick % from.length]!;
const areAll = ({ model }: Twin, type: string) => model.rows.every(row => typeof row === type);
const same = (v: unknown) => v;
/** Rows that are no pairs get keys before an operator of pairs. */
const pairs = (twin: Twin, { pick }: Chosen) => (twin.model.rows.every(isPair) ? twin : call(twin, 'keyBy', pickOf([kindOf, same], pick)));
const otherPairs = ({ pick, more }: Chosen) => call(more(), 'keyBy', pickOf([kindOf, same], pick));
const indexed = (index: number, rows: Iterable<unknown>) => Array.from(rows, row => [index, row]);

/** Where the rows are of that type; they are left alone where they are not. */
const textSteps: Record<string, StepOf> = {
  mapText: (twin, { pick }) => (areAll(twin, 'string') ? call(twin, 'map', pickOf(textMaps, pick)) : twin),
  flatMapText: (twin, { pick }) => (areAll(twin, 'string') ? call(twin, 'flatMap', pickOf(textFlats, pick)) : twin),
  filterText: (twin, { pick }) => (areAll(twin, 'string') ? call(twin, 'filter', pickOf(textFilters, pick)) : twin),
  mapNumbers: (twin, { pick }) => (areAll(twin, 'number') ? call(twin, 'map', pickOf(numberMaps, pick)) : twin),
  filterNumbers: (twin, { pick }) => (areAll(twin, 'number') ? call(twin, 'filter', pickOf(numberFilters, pick)) : twin),
};

const rowSteps: Record<string, StepOf> = {
  map: (twin, { pick }) => call(twin, 'map', pickOf(maps, pick)),
  mapAsync: (twin, { pick }) => call(twin, 'mapAsync', pickOf(maps, pick), { concurrency: 1 + (pick % 5) }),
  filter: (twin, { pick }) => call(twin, 'filter', pickOf(filters, pick)),
  flatMap: (twin, { pick }) => call(twin, 'flatMap', pickOf(flats, pick)),
  mapPartitions: (twin, { pick }) => call(twin, 'mapPartitions', pickOf(wholes, pick)),
  mapPartitionsWithIndex: twin => call(twin, 'mapPartitionsWithIndex', indexed),
  glom: twin => call(twin, 'glom'),
  keyBy: (twin, { pick }) => call(twin, 'keyBy', pickOf([kindOf, same, intOf], pick)),
  groupBy: (twin, { pick, spread }) => call(twin, 'groupBy', pickOf([kindOf, intOf], pick), spread),
  unionSelf: twin => meet(twin, 'union', [call(twin, 'mapPartitionsWithIndex', indexed), twin]),
  union: (twin, { more }) => meet(twin, 'union', [more()]),
  keep: (twin, { pick }) => keep(twin, pickOf(keepers, pick)),
  distinct: (twin, { spread }) => call(twin, 'distinct', spread),
  intersection: (twin, { more, spread }) => meet(twin, 'intersection', [more()], spread),
  intersectionSelf: (twin, { pick, spread }) =>
    meet(call(twin, 'flatMap', flats[0]), 'intersection', [call(twin, 'filter', pickOf(filters, pick))], spread),
  subtract: (twin, { pick, spread }) => meet(twin, 'subtract', [call(twin, 'filter', pickOf(filters, pick))], spread),
  coalesce: (twin, { pick, partitions }) => call(twin, 'coalesce', partitions ?? 2, pick % 4 === 0 ? { shuffle: true } : undefined),
  repartition: (twin, { partitions }) => call(twin, 'repartition', partitions ?? 4),
  zip: (twin, { pick }) => meet(call(twin, 'map', pickOf(maps, pick)), 'zip', [pick % 2 === 0 ? twin : call(twin, 'coalesce', 1000)]),
  zipWithIndex: twin => call(twin, 'zipWithIndex'),
  zipWithUniqueId: twin => call(twin, 'zipWithUniqueId'),
  sortBy: (twin, { pick, partitions }) => call(twin, 'sortBy', pickOf(sortKeys, pick), pick % 3 > 0, partitions),
  cartesian(twin, { more }) {
    const other = more();
    const [rows, parts] = [twin.model.rows.length * other.model.rows.length, twin.model.partitions.length * other.model.partitions.length];
    return rows > MOST_PAIRS || parts > MOST_PARTS ? twin : meet(twin, 'cartesian', [other]);
  },
  zipPartitions(twin, { pick, more }) {
    const n = twin.model.partitions.length;
    if (n === 0) return twin;
    const other = call(more(), 'repartition', n);
    const join = (...sides: Iterable<unknown>[]) => sides.reverse().flatMap(side => [...side]);
    return meet(twin, 'zipPartitions', [other, twin, other].slice(0, 1 + (pick % 3)), join);
  },
};

const pairSteps: Record<string, StepOf> = {
  reduceNumbers: (twin, chosen) =>
    call(
      call(pairs(twin, chosen), 'mapValues', pickOf([numberOf, intOf], chosen.pick)),
      'reduceByKey',
      pickOf(reducers, chosen.pick),
      chosen.spread,
    ),
  reduceByKey: (twin, chosen) => call(pairs(twin, chosen), 'reduceByKey', pickOf(anyReducers, chosen.pick), chosen.spread),
  combineByKey: (twin, chosen) => call(pairs(twin, chosen), 'combineByKey', combiner, chosen.spread),
  groupByKey: (twin, chosen) => call(pairs(twin, chosen), 'groupByKey', chosen.spread),
  mapValues: (twin, chosen) => call(pairs(twin, chosen), 'mapValues', pickOf(maps, chosen.pick)),
  flatMapValues: (twin, chosen) => call(pairs(twin, chosen), 'flatMapValues', pickOf(flats, chosen.pick)),
  foldByKey: (twin, chosen) => call(pairs(twin, chosen), 'foldByKey', 'z', pickOf(anyReducers, chosen.pick), chosen.spread),
  aggregateByKey: (twin, chosen) =>
    call(pairs(twin, chosen), 'aggregateByKey', ['zero'], combiner.mergeValue, combiner.mergeCombiners, chosen.spread),
  join: (twin, chosen) => meet(pairs(twin, chosen), pickOf(joins, chosen.pick), [otherPairs(chosen)], chosen.spread),
  joinMore: (twin, chosen) => meet(pairs(twin, chosen), pickOf(joins, chosen.pick), [otherPairs(chosen)], chosen.spread),
  joinSelf(twin, chosen) {
    const left = pairs(twin, chosen);
    return meet(left, 'join', [call(left, 'groupByKey', chosen.partitions)]);
  },
  cogroup(twin, chosen) {
    const [left, right] = [pairs(twin, chosen), otherPairs(chosen)];
    return meet(left, 'cogroup', [right, left, right].slice(0, 1 + (chosen.pick % 3)), chosen.spread);
  },
  groupWith: (twin, chosen) => meet(pairs(twin, chosen), 'groupWith', [otherPairs(chosen)]),
  partitionBy: (twin, chosen) => call(pairs(twin, chosen), 'partitionBy', chosen.spread ?? 3),
  unionKeyed(twin, chosen) {
    const placed = call(pairs(twin, chosen), 'partitionBy', chosen.spread ?? 2);
    return meet(placed, 'union', [call(placed, 'mapValues', pickOf(maps, chosen.pick)), placed]);
  },
  sortByKey: (twin, chosen) => call(pairs(twin, chosen), 'sortByKey', chosen.pick % 2 === 0, chosen.partitions),
  sortWithin: (twin, chosen) => call(pairs(twin, chosen), 'repartitionAndSortWithinPartitions', chosen.spread ?? 2),
  keys: (twin, chosen) => call(pairs(twin, chosen), 'keys'),
  values: (twin, chosen) => call(pairs(twin, chosen), 'values'),
};

const steps = { ...textSteps, ...rowSteps, ...pairSteps };

export interface Step {
  readonly name: string;
  readonly pick: number;
  readonly partitions: number | undefined;
  readonly other: Source;
}
export interface Chain {
  readonly source: Source;
  readonly steps: readonly Step[];
}

const stepOf = (...names: string[]): fc.Arbitrary<Step> =>
  fc.record({
    name: fc.constantFrom(...names),
    pick: fc.nat({ max: 11 }),
    partitions: fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
    other: anySource,
  });
// Keeping rows has five ways.
const anyStep = stepOf(...Object.keys(steps), ...Object.keys(pairSteps), 'keep');
const textStep = stepOf(...Object.keys(textSteps));
const overText = fc
  .tuple(textSource, fc.array(textStep, { minLength: 1, maxLength: 3 }), fc.array(anyStep, { minLength: 1, maxLength: 3 }))
  .map(([source, first, then]) => ({ source, steps: [...first, ...then] }));
export const chain: fc.Arbitrary<Chain> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ source: rowsSource, steps: fc.array(anyStep, { minLength: 2, maxLength: 6 }) }) },
  { weight: 1, arbitrary: overText },
);

/** Adds one step. `open` makes the twins of a source. */
export function apply(twin: Twin, { name, pick, partitions, other }: Step, open: (source: Source) => Twin): Twin {
  const spread = pick % 4 === 3 ? pickOf(partitioners, pick >> 2) : partitions;
  return steps[name]!(twin, { pick, partitions, spread, more: () => open(other) });
}
