// The types of operators on pairs and on several RDDs, checked when this file is compiled; nothing of it runs.
import type { KnownPartitioner, Partitioner, RDD } from '../../lib/index.js';
import { type Equal, holds } from './equal.js';

type RowOf<R> = R extends RDD<infer T> ? T : never;
declare const words: RDD<string>;
declare const numbers: RDD<number>;
declare const ages: RDD<[string, number]>;
declare const towns: RDD<readonly [string, { town: string }]>;

export function partsOfPairs(): void {
  holds<Equal<RowOf<ReturnType<typeof keysOf>>, string>>();
  const values = towns.values();
  holds<Equal<RowOf<typeof values>, { town: string }>>();
  // @ts-expect-error a text has no key
  words.keys();
  // @ts-expect-error a number has no value
  numbers.values();
  const groups = words.groupBy(word => word.length);
  holds<Equal<RowOf<typeof groups>, [number, string[]]>>();
}
const keysOf = () => ages.keys();

export function folds(): void {
  const sums = words.map(word => [word, 1] as const).foldByKey(0, (a, b) => a + b);
  holds<Equal<RowOf<typeof sums>, [string, number]>>();
  const sets = ages.aggregateByKey(
    new Set<number>(),
    (set, age) => set.add(age),
    (a, b) => new Set([...a, ...b]),
  );
  holds<Equal<RowOf<typeof sets>, [string, Set<number>]>>();
  // @ts-expect-error a zero of the values' type
  ages.foldByKey('', (a, b) => a + b);
  // @ts-expect-error a text is no pair
  words.foldByKey('', (a, b) => a + b);
  // @ts-expect-error a text is no pair
  words.aggregateByKey(
    0,
    (n: number) => n,
    (a: number) => a,
  );
}

export function outerJoins(): void {
  const lefts = ages.leftOuterJoin(towns);
  holds<Equal<RowOf<typeof lefts>, [string, [number, { town: string } | undefined]]>>();
  const rights = ages.rightOuterJoin(towns);
  holds<Equal<RowOf<typeof rights>, [string, [number | undefined, { town: string }]]>>();
  const fulls = ages.fullOuterJoin(towns);
  holds<Equal<RowOf<typeof fulls>, [string, [number | undefined, { town: string } | undefined]]>>();
  const rest = ages.subtractByKey(towns);
  holds<Equal<RowOf<typeof rest>, [string, number]>>();
  // @ts-expect-error the other one is no RDD of pairs
  ages.fullOuterJoin(words);
  // @ts-expect-error keys of another type
  ages.leftOuterJoin(numbers.keyBy(n => n));
}

export function cogroups(): void {
  const two = ages.cogroup(towns);
  holds<Equal<RowOf<typeof two>, [string, [number[], { town: string }[]]]>>();
  const three = ages.cogroup(towns, ages, 4);
  holds<Equal<RowOf<typeof three>, [string, [number[], { town: string }[], number[]]]>>();
  const four = ages.groupWith(towns, ages, towns);
  holds<Equal<RowOf<typeof four>, [string, [number[], { town: string }[], number[], { town: string }[]]]>>();
  // @ts-expect-error a text is no pair
  words.cogroup(ages);
  // @ts-expect-error five are too many
  ages.groupWith(ages, ages, ages, ages);
}

export function pairActions(): void {
  ages.lookup('ann').then(found => holds<Equal<typeof found, number[]>>());
  ages.collectAsMap().then(map => holds<Equal<typeof map, Map<string, number>>>());
  ages.reduceByKeyLocally((a, b) => a + b).then(map => holds<Equal<typeof map, Map<string, number>>>());
  // @ts-expect-error a key of another type
  ages.lookup(5);
  // @ts-expect-error a text is no pair
  words.collectAsMap();
}

export function sets(): void {
  const both = words.intersection(words).subtract(words);
  holds<Equal<RowOf<typeof both>, string>>();
  const product = words.cartesian(ages);
  holds<Equal<RowOf<typeof product>, [string, [string, number]]>>();
  product.groupByKey();
  const few = ages.coalesce(2, { shuffle: true }).repartition(3);
  holds<Equal<RowOf<typeof few>, [string, number]>>();
  // @ts-expect-error rows of another type
  words.subtract(numbers);
  // @ts-expect-error no such option
  words.coalesce(2, { shufle: true });
}

export function zips(): void {
  const zipped = words.zip(numbers);
  holds<Equal<RowOf<typeof zipped>, [string, number]>>();
  zipped.reduceByKey((a, b) => a + b);
  const indexed = ages.zipWithIndex().zipWithUniqueId();
  holds<Equal<RowOf<typeof indexed>, [[[string, number], number], number]>>();
  const two = words.zipPartitions(numbers, (texts, ns) => [[[...texts], [...ns]]]);
  holds<Equal<RowOf<typeof two>, [string[], number[]]>>();
  const four = words.zipPartitions(numbers, ages, words, (_texts, _ns, pairs, more) =>
    [...pairs].map(([name]) => name + more.next().value),
  );
  holds<Equal<RowOf<typeof four>, string>>();
  // @ts-expect-error no function
  words.zipPartitions(numbers);
  const named = ages.setName('ages');
  holds<Equal<RowOf<typeof named>, [string, number]>>();
}

export function sorts(): void {
  const sorted = ages.sortByKey(false, 3);
  holds<Equal<RowOf<typeof sorted>, [string, number]>>();
  const byLength = words.sortBy(word => [word.length, word]);
  holds<Equal<RowOf<typeof byLength>, string>>();
  // @ts-expect-error a text has no key
  words.sortByKey();
  // @ts-expect-error a number has no key
  numbers.repartitionAndSortWithinPartitions(3);
}

export function partitioners(): void {
  const first: Partitioner<string> = { partitions: 2, partition: name => (name < 'm' ? 0 : 1) };
  const placed = ages.partitionBy(first);
  holds<Equal<RowOf<typeof placed>, [string, number]>>();
  ages.reduceByKey((a, b) => a + b, first).join(ages, first);
  ages.groupByKey({ partitions: 3, partition: name => name.length % 3 });
  ages.cogroup(towns, first);
  const known = placed.partitioner;
  holds<Equal<typeof known, KnownPartitioner<string> | undefined>>();
  if (known !== undefined) ages.groupByKey(known);
  words.groupBy(word => word.length, { partitions: 2, partition: length => length % 2 });
  // Narrower keys are keys.
  const narrow = words.map(word => [word === '' ? 'none' : 'some', 1] as const);
  const wide: RDD<readonly [string, number]> = narrow;
  wide.join(ages);
  narrow.partitionBy(placed.partitioner!);
  // @ts-expect-error keys of another type
  numbers.keyBy(n => n).groupByKey(known);
  // @ts-expect-error keys of another type
  ages.partitionBy({ partitions: 2, partition: (key: number) => key });
  // @ts-expect-error without a number of partitions
  ages.partitionBy({ partition: () => 0 });
  // @ts-expect-error a range is found by the sort itself
  ages.sortByKey(true, first);
}

export function asynchronous(): void {
  const lengths = words.mapAsync(async (word, { signal }) => (signal.aborted ? 0 : word.length), { concurrency: 3 });
  holds<Equal<RowOf<typeof lengths>, number>>();
  const pairs = words.mapAsync(async word => [word, 1]);
  holds<Equal<RowOf<typeof pairs>, [string, number]>>();
  pairs.reduceByKey((a, b) => a + b);
  const either = numbers.mapAsync(n => (n > 0 ? n : Promise.resolve(n)));
  holds<Equal<RowOf<typeof either>, number>>();
  const lines = numbers.pipe(['sort', '-n'], { separator: '\0', env: { LC_ALL: 'C' } });
  holds<Equal<RowOf<typeof lines>, string>>();
  void numbers.forEachAsync(async (n, { signal }) => void (signal.aborted || n), { concurrency: 2, deadline: 100 });
  // @ts-expect-error a number of calls
  words.mapAsync(async word => word, { concurrency: '3' });
  // @ts-expect-error a command is text
  words.pipe([3]);
}
