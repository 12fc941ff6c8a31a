// Random chains of operators for the model: data, closures, and one step of a chain applied to an RDD and to its model alike.
import fc from 'fast-check';
import type { RDD } from '../../lib/index.js';
import type { Model } from './model.js';

const lone = '\ud800';
const number = fc.oneof(
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(Number.NaN, -0, 2 ** 31, -(2 ** 31), 2 ** 53, 2 ** 53 + 2, 0.1, -2.5, 1e308, Number.POSITIVE_INFINITY),
  fc.double(),
);
const text = fc.oneof(fc.constantFrom('', '__proto__', lone, 'a', 'é', '😀', 'constructor'), fc.string({ unit: 'binary', maxLength: 4 }));
const scalar = fc.oneof(number, text, fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.constantFrom(null, undefined, true, false));
// No invalid dates: to assert.deepStrictEqual they are not equal to themselves.
const date = fc.date({ min: new Date(0), max: new Date(5), noInvalidDate: true });
const object = fc.uniqueArray(fc.tuple(fc.constantFrom('a', 'b', '__proto__'), scalar), { maxLength: 2, selector: ([name]) => name });
const value: fc.Arbitrary<unknown> = fc.oneof(
  scalar,
  date,
  fc.array(scalar, { maxLength: 3 }),
  fc.tuple(scalar, fc.array(scalar, { maxLength: 2 })),
  object.map(entries => Object.fromEntries(entries)),
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
export const source = fc.record({ rows, partitions: fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }) });
export type Source = { readonly rows: readonly unknown[]; readonly partitions: number | undefined };

type AnyRdd = RDD<never>;
type Twin = { readonly rdd: AnyRdd; readonly model: Model };

/** Applies a method to both. The closures have no state, so one function serves both. */
type Meeting = 'union' | 'cogroup' | 'zip' | 'zipPartitions' | 'cartesian' | 'intersection' | 'subtract' | (typeof joins)[number];
type Method = Exclude<keyof Model & keyof AnyRdd, Meeting>;
/** Keeps the rows, which are the same. */
const keepers: ((rdd: AnyRdd) => AnyRdd)[] = [
  rdd => rdd.cache(),
  rdd => rdd.persist('disk'),
  rdd => rdd.persist('memoryAndDisk').unpersist(),
  rdd => rdd.checkpoint(),
];
const joins = ['join', 'leftOuterJoin', 'rightOuterJoin', 'fullOuterJoin', 'subtractByKey'] as const;
const call = ({ rdd, model }: Twin, method: Method, ...args: unknown[]): Twin => ({
  rdd: (rdd[method] as unknown as (...args: unknown[]) => AnyRdd)(...args),
  model: (model[method] as unknown as (...args: unknown[]) => Model)(...args),
});

/** Applies a method that takes others before its arguments. */
const meet = ({ rdd, model }: Twin, method: Meeting, others: readonly Twin[], ...args: unknown[]): Twin => ({
  rdd: (rdd[method] as unknown as (...args: unknown[]) => AnyRdd)(...others.map(other => other.rdd), ...args),
  model: (model[method] as unknown as (...args: unknown[]) => Model)(...others.map(other => other.model), ...args),
});

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

/** The same for keys that are equal by value. */
const partitioners = [
  { partitions: 3, partition: (key: unknown) => (typeof key === 'number' ? 2 : 0) },
  { partitions: 2, partition: (key: unknown) => (Array.isArray(key) ? key.length % 2 : 1) },
];
const sortKeys: ((v: unknown) => unknown)[] = [v => v, kindOf, intOf, numberOf];
/** Past this a cartesian product is not taken. */
const MOST_PAIRS = 2000;
const MOST_PARTS = 40;

export interface Step {
  readonly name: string;
  /** Chooses a closure. */
  readonly pick: number;
  readonly partitions: number | undefined;
  readonly other: Source;
}

const rowSteps = [
  'map',
  'mapAsync',
  'filter',
  'flatMap',
  'mapPartitions',
  'mapPartitionsWithIndex',
  'glom',
  'keyBy',
  'groupBy',
  'unionSelf',
  'union',
  'distinct',
  'keep',
];
const setSteps = [
  'intersection',
  'intersectionSelf',
  'subtract',
  'cartesian',
  'coalesce',
  'repartition',
  'zip',
  'zipPartitions',
  'zipWithIndex',
  'zipWithUniqueId',
  'sortBy',
];
const pairSteps = [
  'reduceNumbers',
  'reduceByKey',
  'combineByKey',
  'groupByKey',
  'mapValues',
  'flatMapValues',
  'foldByKey',
  'aggregateByKey',
  'join',
  'join',
  'joinSelf',
  'cogroup',
  'partitionBy',
  'keys',
  'values',
  'unionKeyed',
  'sortByKey',
  'sortByKey',
  'sortWithin',
];
export const step: fc.Arbitrary<Step> = fc.record({
  name: fc.constantFrom(...rowSteps, ...setSteps, ...pairSteps, ...pairSteps),
  pick: fc.nat({ max: 11 }),
  partitions: fc.option(fc.integer({ min: 1, max: 7 }), { nil: undefined }),
  other: source,
});

const isPair = (row: unknown) => Array.isArray(row) && row.length === 2;
const pickOf = <T>(from: readonly T[], pick: number): T => from[pick % from.length]!;

/** Adds one step. Rows that are no pairs get keys before an operator of pairs. `open` makes the twins of a source. */
export function apply(twin: Twin, { name, pick, partitions, other }: Step, open: (source: Source) => Twin): Twin {
  const spread = pick % 4 === 3 ? pickOf(partitioners, pick >> 2) : partitions;
  const pairs = () => (twin.model.rows.every(isPair) ? twin : call(twin, 'keyBy', pickOf([kindOf, (v: unknown) => v], pick)));
  switch (name) {
    case 'map':
      return call(twin, 'map', pickOf(maps, pick));
    case 'mapAsync':
      return call(twin, 'mapAsync', pickOf(maps, pick), { concurrency: 1 + (pick % 5) });
    case 'filter':
      return call(twin, 'filter', pickOf(filters, pick));
    case 'flatMap':
      return call(twin, 'flatMap', pickOf(flats, pick));
    case 'mapPartitions':
      return call(twin, 'mapPartitions', pickOf(wholes, pick));
    case 'mapPartitionsWithIndex':
      return call(twin, 'mapPartitionsWithIndex', (index: number, rows: Iterable<unknown>) => Array.from(rows, row => [index, row]));
    case 'glom':
      return call(twin, 'glom');
    case 'keyBy':
      return call(twin, 'keyBy', pickOf([kindOf, (v: unknown) => v, intOf], pick));
    case 'unionSelf': {
      const tagged = call(twin, 'mapPartitionsWithIndex', (index: number, rows: Iterable<unknown>) =>
        Array.from(rows, row => [index, row]),
      );
      return { rdd: twin.rdd.union(tagged.rdd, twin.rdd), model: twin.model.union(tagged.model, twin.model) };
    }
    case 'union': {
      const more = open(other);
      return { rdd: twin.rdd.union(more.rdd), model: twin.model.union(more.model) };
    }
    case 'keep': {
      const keep = pickOf(keepers, pick);
      keep(twin.rdd.unpersist());
      return twin;
    }
    case 'distinct':
      return call(twin, 'distinct', spread);
    case 'reduceNumbers':
      return call(call(pairs(), 'mapValues', pickOf([numberOf, intOf], pick)), 'reduceByKey', pickOf(reducers, pick), spread);
    case 'reduceByKey':
      return call(pairs(), 'reduceByKey', pickOf(anyReducers, pick), spread);
    case 'combineByKey':
      return call(pairs(), 'combineByKey', combiner, spread);
    case 'groupByKey':
      return call(pairs(), 'groupByKey', spread);
    case 'mapValues':
      return call(pairs(), 'mapValues', pickOf(maps, pick));
    case 'flatMapValues':
      return call(pairs(), 'flatMapValues', pickOf(flats, pick));
    case 'groupBy':
      return call(twin, 'groupBy', pickOf([kindOf, intOf], pick), spread);
    case 'foldByKey':
      return call(pairs(), 'foldByKey', 'z', pickOf(anyReducers, pick), spread);
    case 'aggregateByKey':
      return call(pairs(), 'aggregateByKey', ['zero'], combiner.mergeValue, combiner.mergeCombiners, spread);
    case 'join': {
      const left = pairs();
      const right = call(open(other), 'keyBy', pickOf([kindOf, (v: unknown) => v], pick));
      return meet(left, pickOf(joins, pick), [right], spread);
    }
    case 'cogroup': {
      const left = pairs();
      const right = call(open(other), 'keyBy', pickOf([kindOf, (v: unknown) => v], pick));
      const others = [right, left, right].slice(0, 1 + (pick % 3));
      return meet(left, 'cogroup', others, spread);
    }
    case 'joinSelf': {
      const left = pairs();
      const right = call(left, 'groupByKey', partitions);
      return { rdd: left.rdd.join(right.rdd) as never, model: left.model.join(right.model) };
    }
    case 'partitionBy':
      return call(pairs(), 'partitionBy', spread ?? 3);
    case 'unionKeyed': {
      const placed = call(pairs(), 'partitionBy', spread ?? 2);
      return meet(placed, 'union', [call(placed, 'mapValues', pickOf(maps, pick)), placed]);
    }
    case 'sortByKey':
      return call(pairs(), 'sortByKey', pick % 2 === 0, partitions);
    case 'sortWithin':
      return call(pairs(), 'repartitionAndSortWithinPartitions', spread ?? 2);
    case 'sortBy':
      return call(twin, 'sortBy', pickOf(sortKeys, pick), pick % 3 > 0, partitions);
    case 'intersection':
      return meet(twin, 'intersection', [open(other)], spread);
    case 'intersectionSelf':
      return meet(call(twin, 'flatMap', flats[0]), 'intersection', [call(twin, 'filter', pickOf(filters, pick))], spread);
    case 'subtract':
      return meet(twin, 'subtract', [call(twin, 'filter', pickOf(filters, pick))], spread);
    case 'cartesian': {
      const more = open(other);
      const [rows, parts] = [twin.model.rows.length * more.model.rows.length, twin.model.partitions.length * more.model.partitions.length];
      return rows > MOST_PAIRS || parts > MOST_PARTS ? twin : meet(twin, 'cartesian', [more]);
    }
    case 'coalesce':
      return call(twin, 'coalesce', partitions ?? 2, pick % 4 === 0 ? { shuffle: true } : undefined);
    case 'repartition':
      return call(twin, 'repartition', partitions ?? 4);
    case 'zip':
      return meet(call(twin, 'map', pickOf(maps, pick)), 'zip', [pick % 2 === 0 ? twin : call(twin, 'coalesce', 1000)]);
    case 'zipPartitions': {
      const n = twin.model.partitions.length;
      const more = call(open(other), 'repartition', Math.max(n, 1));
      const others = [more, twin, more].slice(0, n === 0 ? 0 : 1 + (pick % 3));
      const join = (...sides: Iterable<unknown>[]) => sides.reverse().flatMap(side => [...side]);
      return n === 0 ? twin : meet(twin, 'zipPartitions', others, join);
    }
    case 'zipWithIndex':
      return call(twin, 'zipWithIndex');
    case 'zipWithUniqueId':
      return call(twin, 'zipWithUniqueId');
    case 'values':
      return call(pairs(), 'values');
    default:
      return call(pairs(), 'keys');
  }
}
