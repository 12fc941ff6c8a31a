// The model of an RDD: its partitions as plain arrays, and every operator as the shortest code that says what it means.
// It follows what Heddle promises of order: partitions one after the other, in a shuffle the rows of a key in map order,
// the keys of a partition in order of first appearance, map-side partials merged in map order. Of the engine it takes only
// the partition of a key, the order of keys and the bounds of a sort, and how a source was cut (whose rows, put together,
// are checked against the source's).
import { compareKeys } from '../../lib/codec/key-order.js';
import { partitionOf } from '../../lib/shuffle/partitioner.js';
import { boundsOf, KeySample, sampleSize } from '../../lib/task/key-sample.js';

type F = (...args: never[]) => unknown;
type Pair = readonly [unknown, unknown];
type Combine = {
  create: (value: unknown) => unknown;
  add: (c: unknown, value: unknown) => unknown;
  merge: (a: unknown, b: unknown) => unknown;
};

/** Where keys go; two are the same if they are of one name. */
interface Placing {
  readonly name: unknown;
  readonly partitions: number;
  of(key: unknown): number;
}
type Custom = { readonly partitions: number; readonly partition: (key: never) => number };
type Partitions = number | Custom | undefined;

const hashing = (partitions: number): Placing => ({
  name: partitions,
  partitions,
  of: key => partitionOf({ kind: 'hash', partitions }, key),
});

export class Model {
  /** `keyed`: how keys were spread, where rows lie in the partitions of their keys. */
  constructor(
    readonly partitions: readonly (readonly unknown[])[],
    private readonly defaultPartitions: number,
    private readonly keyed?: Placing,
  ) {}

  get rows(): unknown[] {
    return this.partitions.flat();
  }

  each(f: (rows: readonly unknown[], index: number) => unknown[], keyed = false): Model {
    return new Model(this.partitions.map(f), this.defaultPartitions, keyed ? this.keyed : undefined);
  }

  map = (f: F) => this.each(rows => rows.map(row => f(row as never)));
  mapAsync = this.map;
  filter = (f: F) => this.each(rows => rows.filter(row => f(row as never)), true);
  flatMap = (f: F) => this.each(rows => rows.flatMap(row => [...(f(row as never) as Iterable<unknown>)]));
  mapPartitions = (f: F) => this.each(rows => [...(f(rows.values() as never) as Iterable<unknown>)]);
  mapPartitionsWithIndex = (f: F) => this.each((rows, p) => [...(f(p as never, rows.values() as never) as Iterable<unknown>)]);
  glom = () => this.each(rows => [[...rows]]);
  keyBy = (f: F) => this.each(rows => rows.map(row => [f(row as never), row]));
  mapValues = (f: F) => this.each(rows => (rows as Pair[]).map(([k, v]) => [k, f(v as never)]), true);
  flatMapValues = (f: F) =>
    this.each(rows => (rows as Pair[]).flatMap(([k, v]) => Array.from(f(v as never) as Iterable<unknown>, u => [k, u])), true);

  union(...others: Model[]): Model {
    const all = [this, ...others];
    if (this.keyed !== undefined && others.length > 0 && others.every(({ keyed }) => keyed?.name === this.keyed!.name)) {
      return this.each((_, p) => all.flatMap(({ partitions }) => partitions[p]!), true);
    }
    return this.of(all.flatMap(({ partitions }) => partitions));
  }

  intersection(other: Model, partitions: Partitions = this.defaultPartitions): Model {
    const has = new Set(other.rows.map(keyText));
    const keyed = this.distinct(partitions).map(row => [row, 1]);
    return keyed.partitionBy(partitions).each(rows => (rows as Pair[]).filter(([row]) => has.has(keyText(row))).map(([row]) => row));
  }

  subtract(other: Model, partitions: Partitions = this.defaultPartitions): Model {
    const has = new Set(other.rows.map(keyText));
    const groups = this.map(row => [row, row]).groupByKey(partitions);
    return groups.each(rows => (rows as [unknown, unknown[]][]).flatMap(([row, all]) => (has.has(keyText(row)) ? [] : all.map(() => row))));
  }

  cartesian = (other: Model) =>
    this.of(this.partitions.flatMap(rows => other.partitions.map(others => rows.flatMap(row => others.map(another => [row, another])))));

  coalesce(partitions: number, options?: { shuffle?: boolean }): Model {
    if (options?.shuffle === true) return this.repartition(partitions);
    const all = this.partitions.length;
    if (partitions >= all) return this;
    const joined: unknown[][] = Array.from({ length: partitions }, () => []);
    // The last of them that begins at or before p.
    this.partitions.forEach((rows, p) => {
      const at = joined.findLastIndex((_, i) => Math.floor((i * all) / partitions) <= p);
      joined[at]!.push(...rows);
    });
    return this.of(joined);
  }

  repartition(partitions: number): Model {
    const target: unknown[][] = Array.from({ length: partitions }, () => []);
    for (const [p, rows] of this.partitions.entries()) for (const [i, row] of rows.entries()) target[(p + i) % partitions]!.push(row);
    return this.of(target);
  }

  zip = (other: Model) => this.each((rows, p) => rows.map((row, i) => [row, other.partitions[p]![i]]));
  zipWithIndex(): Model {
    let index = 0;
    return this.each(rows => rows.map(row => [row, index++]));
  }
  zipWithUniqueId = () => this.each((rows, p) => rows.map((row, i) => [row, i * this.partitions.length + p]));
  zipPartitions(...args: unknown[]): Model {
    const [others, f] = [args.slice(0, -1) as Model[], args.at(-1) as F];
    return this.each((rows, p) => [...(f(...([rows, ...others.map(other => other.partitions[p])] as never[])) as Iterable<unknown>)]);
  }

  sortByKey(ascending = true, partitions = this.keyed?.partitions ?? this.defaultPartitions): Model {
    const samples = this.partitions.map((rows, p) => {
      const sample = new KeySample(p, sampleSize(partitions, this.partitions.length));
      for (const [key] of rows as Pair[]) sample.add(key);
      return sample;
    });
    const bounds = boundsOf(samples, partitions, ascending);
    const order = ordering(ascending);
    const placing = { name: Symbol('range'), partitions, of: (key: unknown) => bounds.filter(bound => order(bound, key) < 0).length };
    return this.shuffled(placing, rows => rows).sorted(ascending);
  }

  sortBy = (f: F, ascending?: boolean, partitions?: number) => this.keyBy(f).sortByKey(ascending, partitions).values();

  repartitionAndSortWithinPartitions = (partitions: number | Custom) => this.partitionBy(partitions).sorted(true);

  private sorted(ascending: boolean): Model {
    const order = ordering(ascending);
    return this.each(rows => ([...rows] as Pair[]).sort((a, b) => order(a[0], b[0])), true);
  }

  /** Other partitions, in which keys may be anywhere. */
  private of = (partitions: readonly (readonly unknown[])[]) => new Model(partitions, this.defaultPartitions);

  distinct(partitions?: Partitions): Model {
    const keyed = this.map((row: unknown) => [row, 1]);
    return keyed
      .aggregate(
        keyed.target(partitions),
        reducing(a => a),
      )
      .keys();
  }

  reduceByKey = (f: F, partitions?: Partitions) => this.aggregate(this.target(partitions), reducing(f as never));

  combineByKey(f: { createCombiner: F; mergeValue: F; mergeCombiners: F }, partitions?: Partitions): Model {
    const combine = { create: f.createCombiner, add: f.mergeValue, merge: f.mergeCombiners } as unknown as Combine;
    return this.aggregate(this.target(partitions), combine);
  }

  groupByKey = (partitions?: Partitions) => this.groups(this.target(partitions));

  partitionBy = (partitions: number | Custom) => this.placed(this.target(partitions));

  foldByKey = (zero: unknown, f: F, partitions?: Partitions) => this.reduceByKey(f, partitions).mapValues((v => f(zero as never, v)) as F);

  aggregateByKey(zero: unknown, seq: F, comb: F, partitions?: Partitions): Model {
    const combine = {
      create: (v: unknown) => seq(structuredClone(zero) as never, v as never),
      add: seq,
      merge: comb,
    } as unknown as Combine;
    return this.aggregate(this.target(partitions), combine);
  }

  keys = () => this.map((pair: Pair) => pair[0]);
  values = () => this.map((pair: Pair) => pair[1]);
  groupBy = (f: F, partitions?: Partitions) => this.keyBy(f).groupByKey(partitions);

  cogroup(...args: readonly (Model | Partitions)[]): Model {
    const others = args.filter(arg => arg instanceof Model);
    const target = this.target(args.at(-1) as Partitions, ...others);
    const sides = [this, ...others].map(side => side.placed(target));
    return sides[0]!.each((_, p) => {
      const tagged = sides.flatMap((side, i) => (side.partitions[p] as Pair[]).map(([k, v]): Pair => [k, [i, v]]));
      return grouped(tagged).map(([k, all]) => [k, sides.map((_, i) => (all as Pair[]).filter(([at]) => at === i).map(([, v]) => v))]);
    }, true);
  }

  groupWith = (...others: Model[]) => this.cogroup(...others, undefined);

  join = (other: Model, partitions?: Partitions) => this.joined(other, partitions, (v, w) => [v, w]);
  leftOuterJoin = (other: Model, partitions?: Partitions) => this.joined(other, partitions, (v, w) => [v, orMissing(w)]);
  rightOuterJoin = (other: Model, partitions?: Partitions) => this.joined(other, partitions, (v, w) => [orMissing(v), w]);
  fullOuterJoin = (other: Model, partitions?: Partitions) => this.joined(other, partitions, (v, w) => [orMissing(v), orMissing(w)]);

  /** Every left value with every right one, once the empty sides are what the kind of join makes of them. */
  private joined(other: Model, partitions: Partitions, sides: (v: unknown[], w: unknown[]) => [unknown[], unknown[]]): Model {
    return this.cogroup(other, partitions).flatMapValues((([left, right]: [unknown[], unknown[]]) => {
      const [vs, ws] = sides(left, right);
      return vs.flatMap(v => ws.map(w => [v, w]));
    }) as F);
  }

  subtractByKey = (other: Model, partitions?: Partitions) =>
    this.cogroup(other, partitions).flatMapValues((([left, right]: unknown[][]) => (right!.length === 0 ? left : [])) as F);

  private target(given: Partitions, ...others: readonly Model[]): Placing {
    if (typeof given === 'number') return hashing(given);
    if (given !== undefined) return { name: given, partitions: given.partitions, of: key => given.partition(key as never) };
    const known = [this, ...others].find(({ keyed }) => keyed !== undefined);
    return known?.keyed ?? hashing(this.defaultPartitions);
  }

  private placed = (placing: Placing) => (this.keyed?.name === placing.name ? this : this.shuffled(placing, rows => rows));

  /** The rows in the partitions of their keys, after `before` on the map side. */
  private shuffled(placing: Placing, before: (rows: readonly Pair[]) => readonly Pair[]): Model {
    const target: Pair[][] = Array.from({ length: placing.partitions }, () => []);
    for (const rows of this.partitions) for (const pair of before(rows as Pair[])) target[placing.of(pair[0])]!.push(pair);
    return new Model(target, this.defaultPartitions, placing);
  }

  private groups = (placing: Placing) => this.placed(placing).each(rows => grouped(rows as Pair[]), true);

  private aggregate(placing: Placing, { create, add, merge }: Combine): Model {
    const fold = (rows: readonly Pair[]) => grouped(rows).map(([k, [first, ...rest]]): Pair => [k, rest.reduce(add, create(first))]);
    if (this.keyed?.name === placing.name) return this.each(rows => fold(rows as Pair[]), true);
    const partials = this.shuffled(placing, fold);
    return partials.each(rows => grouped(rows as Pair[]).map(([k, combiners]) => [k, combiners.reduce(merge)]), true);
  }
}

const ordering = (ascending: boolean) => (a: unknown, b: unknown) => (ascending ? compareKeys(a, b) : compareKeys(b, a));
const orMissing = (values: unknown[]) => (values.length === 0 ? [undefined] : values);
const reducing = (f: (a: unknown, b: unknown) => unknown): Combine => ({ create: v => v, add: f, merge: f });

/** The values of each key, keys in order of first appearance. A key -0 comes out as 0. */
function grouped(pairs: readonly Pair[]): [unknown, unknown[]][] {
  const groups = new Map<string, [unknown, unknown[]]>();
  for (const [key, value] of pairs) {
    const group = groups.get(keyText(key));
    if (group === undefined) groups.set(keyText(key), [key === 0 ? 0 : key, [value]]);
    else group[1].push(value);
  }
  return [...groups.values()];
}

/** A text that two keys share when they are equal by value. */
export function keyText(key: unknown): string {
  if (typeof key === 'number') return key === 0 ? '0' : String(key);
  if (typeof key === 'bigint') return `${key}n`;
  // Not JSON's own escapes alone: a text is its code units.
  if (typeof key === 'string') return JSON.stringify(key);
  if (key instanceof Date) return `Date ${key.getTime()}`;
  if (ArrayBuffer.isView(key)) return `${key.constructor.name} ${Array.from(key as unknown as ArrayLike<number>, keyText).join()}`;
  // Maps and sets: in any order.
  if (key instanceof Map) return `Map ${Array.from(key, keyText).sort().join()}`;
  if (key instanceof Set) return `Set ${Array.from(key, keyText).sort().join()}`;
  if (Array.isArray(key)) return `[${Array.from(key, keyText).join()}]`;
  if (typeof key !== 'object' || key === null) return String(key);
  const entries = Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${keyText(value)}`).join()}}`;
}
