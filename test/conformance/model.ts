// The model of an RDD: its partitions as plain arrays, and every operator as the shortest code that says what it means.
// It follows what Heddle promises of order: partitions one after the other, in a shuffle the rows of a key in map order,
// the keys of a partition in order of first appearance, map-side partials merged in map order. Of the engine it takes only
// the partition of a key, and how a source was cut (whose rows, put together, are checked against the source's).
import { partitionOf } from '../../lib/shuffle/partitioner.js';

type F = (...args: never[]) => unknown;
type Pair = readonly [unknown, unknown];
type Combine = {
  create: (value: unknown) => unknown;
  add: (c: unknown, value: unknown) => unknown;
  merge: (a: unknown, b: unknown) => unknown;
};

export class Model {
  /** `keyed`: the number of partitions that keys are hashed to, where rows lie in the partitions of their keys. */
  constructor(
    readonly partitions: readonly (readonly unknown[])[],
    private readonly defaultPartitions: number,
    private readonly keyed?: number,
  ) {}

  get rows(): unknown[] {
    return this.partitions.flat();
  }

  each(f: (rows: readonly unknown[], index: number) => unknown[], keyed = false): Model {
    return new Model(this.partitions.map(f), this.defaultPartitions, keyed ? this.keyed : undefined);
  }

  map = (f: F) => this.each(rows => rows.map(row => f(row as never)));
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
    return new Model(
      [this, ...others].flatMap(model => model.partitions),
      this.defaultPartitions,
    );
  }

  distinct(partitions?: number): Model {
    const first = this.map((row: unknown) => [row, 1]).aggregate(
      partitions ?? this.defaultPartitions,
      reducing(a => a),
    );
    return first.map((pair: Pair) => pair[0]);
  }

  reduceByKey = (f: F, partitions?: number) => this.aggregate(this.target(partitions), reducing(f as never));

  combineByKey(f: { createCombiner: F; mergeValue: F; mergeCombiners: F }, partitions?: number): Model {
    const combine = { create: f.createCombiner, add: f.mergeValue, merge: f.mergeCombiners } as unknown as Combine;
    return this.aggregate(this.target(partitions), combine);
  }

  groupByKey = (partitions?: number) => this.groups(this.target(partitions));

  partitionBy(partitions: number): Model {
    return this.keyed === partitions ? this : this.shuffled(partitions, rows => rows);
  }

  foldByKey = (zero: unknown, f: F, partitions?: number) => this.reduceByKey(f, partitions).mapValues((v => f(zero as never, v)) as F);

  aggregateByKey(zero: unknown, seq: F, comb: F, partitions?: number): Model {
    const combine = {
      create: (v: unknown) => seq(structuredClone(zero) as never, v as never),
      add: seq,
      merge: comb,
    } as unknown as Combine;
    return this.aggregate(this.target(partitions), combine);
  }

  keys = () => this.map((pair: Pair) => pair[0]);
  values = () => this.map((pair: Pair) => pair[1]);
  groupBy = (f: F, partitions?: number) => this.keyBy(f).groupByKey(partitions);

  cogroup(...args: readonly (Model | number | undefined)[]): Model {
    const others = args.filter(arg => arg instanceof Model);
    const partitions = args.at(-1) as number | undefined;
    const target = partitions ?? [this, ...others].find(({ keyed }) => keyed !== undefined)?.keyed ?? this.defaultPartitions;
    const sides = [this, ...others].map(side => side.partitionBy(target));
    return sides[0]!.each((_, p) => {
      const tagged = sides.flatMap((side, i) => (side.partitions[p] as Pair[]).map(([k, v]): Pair => [k, [i, v]]));
      return grouped(tagged).map(([k, all]) => [k, sides.map((_, i) => (all as Pair[]).filter(([at]) => at === i).map(([, v]) => v))]);
    }, true);
  }

  join = (other: Model, partitions?: number) => this.joined(other, partitions, (v, w) => [v, w]);
  leftOuterJoin = (other: Model, partitions?: number) => this.joined(other, partitions, (v, w) => [v, orMissing(w)]);
  rightOuterJoin = (other: Model, partitions?: number) => this.joined(other, partitions, (v, w) => [orMissing(v), w]);
  fullOuterJoin = (other: Model, partitions?: number) => this.joined(other, partitions, (v, w) => [orMissing(v), orMissing(w)]);

  /** Every left value with every right one, once the empty sides are what the kind of join makes of them. */
  private joined(other: Model, partitions: number | undefined, sides: (v: unknown[], w: unknown[]) => [unknown[], unknown[]]): Model {
    return this.cogroup(other, partitions).flatMapValues((([left, right]: [unknown[], unknown[]]) => {
      const [vs, ws] = sides(left, right);
      return vs.flatMap(v => ws.map(w => [v, w]));
    }) as F);
  }

  subtractByKey = (other: Model, partitions?: number) =>
    this.cogroup(other, partitions).flatMapValues((([left, right]: unknown[][]) => (right!.length === 0 ? left : [])) as F);

  private target(partitions: number | undefined): number {
    return partitions ?? this.keyed ?? this.defaultPartitions;
  }

  /** The rows in the partitions of their keys, after `before` on the map side. */
  private shuffled(partitions: number, before: (rows: readonly Pair[]) => readonly Pair[]): Model {
    const target: Pair[][] = Array.from({ length: partitions }, () => []);
    for (const rows of this.partitions) {
      for (const pair of before(rows as Pair[])) target[partitionOf({ kind: 'hash', partitions }, pair[0])]!.push(pair);
    }
    return new Model(target, this.defaultPartitions, partitions);
  }

  private groups(partitions: number): Model {
    return this.partitionBy(partitions).each(rows => grouped(rows as Pair[]), true);
  }

  private aggregate(partitions: number, { create, add, merge }: Combine): Model {
    const fold = (rows: readonly Pair[]) => grouped(rows).map(([k, [first, ...rest]]): Pair => [k, rest.reduce(add, create(first))]);
    if (this.keyed === partitions) return this.each(rows => fold(rows as Pair[]), true);
    const partials = this.shuffled(partitions, fold);
    return partials.each(rows => grouped(rows as Pair[]).map(([k, combiners]) => [k, combiners.reduce(merge)]), true);
  }
}

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
  if (Array.isArray(key)) return `[${Array.from(key, keyText).join()}]`;
  if (typeof key !== 'object' || key === null) return String(key);
  const entries = Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${keyText(value)}`).join()}}`;
}
