// The types that users see, checked when this file is compiled; nothing of it runs.
import { type ApproximateCount, Context, type Pair, type RDD } from '../../lib/index.js';
import { type Equal, holds } from './equal.js';

type RowOf<R> = R extends RDD<infer T> ? T : never;
declare const sc: Context;
declare const words: RDD<string>;
declare const numbers: RDD<number>;
declare const ages: RDD<[string, number]>;

export function infersPairs(): void {
  const pairs = words.map(word => [word, 1]);
  holds<Equal<RowOf<typeof pairs>, [string, number]>>();
  const constant = words.map(word => [word, 1] as const);
  holds<Equal<RowOf<typeof constant>, [string, 1]>>();
  const nested = words.map(word => [word, [1, word]]);
  holds<Equal<RowOf<typeof nested>[0], string>>();
  const lengths = words.flatMap(word => [[word, word.length]]);
  lengths.reduceByKey((a, b) => a + b);
  const objects = words.map(word => ({ word, n: 1 }));
  holds<Equal<RowOf<typeof objects>, { word: string; n: number }>>();
  const nothing = words.map(() => undefined);
  holds<Equal<RowOf<typeof nothing>, undefined>>();
}

export function reducesConstants(): void {
  const counts = words.map(word => [word, 1] as const).reduceByKey((a, b) => a + b);
  holds<Equal<RowOf<typeof counts>, [string, number]>>();
  const flags = words.map(word => [word, true] as const).reduceByKey((a, b) => a && b);
  holds<Equal<RowOf<typeof flags>, [string, boolean]>>();
  // @ts-expect-error a sum of numbers is no text
  words.map(word => [word, 1] as const).reduceByKey((a, b) => `${a}${b}`);
}

export function pairOperatorsOnPairsOnly(): void {
  // @ts-expect-error a text is no pair
  words.reduceByKey(a => a);
  // @ts-expect-error a number is no pair
  numbers.groupByKey();
  // @ts-expect-error a triple is no pair
  numbers.map((x): [number, number, number] => [x, x, x]).groupByKey();
  // @ts-expect-error a list is no pair
  numbers.map((x): number[] => [x, x]).mapValues(x => x);
  // @ts-expect-error a text is no pair
  words.join(ages);
  // @ts-expect-error the other one is no RDD of pairs
  ages.join(words);
  // @ts-expect-error a text has no key
  words.countByKey();
  ages.countByKey().then(counts => holds<Equal<typeof counts, Map<string, number>>>());
}

export function joins(): void {
  const towns: RDD<[string, { town: string }]> = words.map(word => [word, { town: word }]);
  const joined = ages.join(towns);
  holds<Equal<RowOf<typeof joined>, [string, [number, { town: string }]]>>();
  const back = joined.map(([name, [age, { town }]]) => [town, { name, age }]);
  holds<Equal<RowOf<typeof back>[0], string>>();
  const swapped = towns.join(ages).mapValues(([{ town }, age]) => `${town}${age}`);
  holds<Equal<RowOf<typeof swapped>, [string, string]>>();
  const readonly: RDD<readonly [string, number]> = words.map(word => [word, 1] as const);
  const both = readonly.join(ages);
  holds<Equal<RowOf<typeof both>, [string, [number, number]]>>();
}

export function groups(): void {
  const grouped = ages.groupByKey();
  holds<Equal<RowOf<typeof grouped>, [string, number[]]>>();
  const flat = grouped.flatMapValues(all => all);
  holds<Equal<RowOf<typeof flat>, [string, number]>>();
  const keyed = words.keyBy(word => word.length);
  holds<Equal<RowOf<typeof keyed>, [number, string]>>();
  const placed = ages.partitionBy(3);
  holds<Equal<RowOf<typeof placed>, [string, number]>>();
  const glommed = words.glom();
  holds<Equal<RowOf<typeof glommed>, string[]>>();
}

export function filters(): void {
  const mixed: RDD<string | number> = words.union(words).map((word): string | number => word);
  const texts = mixed.filter((row): row is string => typeof row === 'string');
  holds<Equal<RowOf<typeof texts>, string>>();
  const some = mixed.filter(row => row);
  holds<Equal<RowOf<typeof some>, string | number>>();
  // @ts-expect-error a guard for what no row can be
  numbers.filter((row): row is string => typeof row === 'string');
}

export function sumsOfNumbers(): void {
  holds<Equal<Awaited<ReturnType<typeof numbers.sum>>, number>>();
  // @ts-expect-error no numbers
  words.sum();
  // @ts-expect-error no numbers
  words.mean();
  // @ts-expect-error no numbers
  ages.stats();
  numbers.stats().then(({ mean }) => holds<Equal<typeof mean, number>>());
}

export function trials(): void {
  const hits = sc.trials(10, (rng, i) => (rng.uniform() < 0.5 ? i : 0));
  holds<Equal<RowOf<typeof hits>, number>>();
  const pairs = sc.trials(10, rng => [rng.int(6), 1]);
  pairs.reduceByKey((a, b) => a + b);
  hits.mean({ deadline: 1000 });
  // @ts-expect-error no such distribution
  sc.trials(10, rng => rng.gaussian());
  // @ts-expect-error no such option
  sc.trials(10, rng => rng.uniform(), { sead: 1 });
  const noisy = numbers.mapWithRng((x, rng) => x + rng.normal());
  holds<Equal<RowOf<typeof noisy>, number>>();
}

export function arrays(): void {
  const list: readonly string[] = ['a', 'b'];
  const rows = sc.parallelize(list);
  holds<Equal<RowOf<typeof rows>, string>>();
  const tuple = ['a', 'b'] as const;
  const literals = sc.parallelize(tuple);
  holds<Equal<RowOf<typeof literals>, 'a' | 'b'>>();
  const typed = sc.parallelize(new Float64Array(3));
  holds<Equal<RowOf<typeof typed>, number>>();
  const pairs = sc.parallelize<Pair<string, number>>([['a', 1]]);
  pairs.reduceByKey((a, b) => a + b);
  sc.textFile(list);
  // @ts-expect-error a set is no array
  sc.parallelize(new Set([1]));
}

export function combines(): void {
  const means = ages.combineByKey({
    createCombiner: age => ({ sum: age, n: 1 }),
    mergeValue: (mean, age) => ({ sum: mean.sum + age, n: mean.n + 1 }),
    mergeCombiners: (a, b) => ({ sum: a.sum + b.sum, n: a.n + b.n }),
  });
  holds<Equal<RowOf<typeof means>, [string, { sum: number; n: number }]>>();
  const constants = words
    .map(word => [word, 1] as const)
    .combineByKey({
      createCombiner: n => new Set([n]),
      mergeValue: (set, n) => set.add(n),
      mergeCombiners: (a, b) => new Set([...a, ...b]),
    });
  holds<Equal<RowOf<typeof constants>, [string, Set<number>]>>();
  ages.combineByKey({
    createCombiner: age => [age],
    // @ts-expect-error the combiner is a list of numbers
    mergeValue: (list, age) => list + age,
    mergeCombiners: (a, b) => a.concat(b),
  });
}

export function actions(): void {
  words.collect().then(rows => holds<Equal<typeof rows, string[]>>());
  ages.first().then(row => holds<Equal<typeof row, [string, number]>>());
  words.take(3).then(rows => holds<Equal<typeof rows, string[]>>());
  words.countByValue().then(counts => holds<Equal<typeof counts, Map<string, number>>>());
  words.countApproxDistinct(0.01, { deadline: 1000 }).then(count => holds<Equal<typeof count, number>>());
  words.countApprox({ timeout: 1000, confidence: 0.9 }).then(count => holds<Equal<typeof count, ApproximateCount>>());
  words.countByValueApprox({ timeout: 1000 }).then(counts => holds<Equal<typeof counts, Map<string, ApproximateCount>>>());
  // @ts-expect-error it needs a timeout
  void words.countApprox();
  const distinct = ages.countApproxDistinctByKey();
  holds<Equal<RowOf<typeof distinct>, [string, number]>>();
  // @ts-expect-error a text has no key
  words.countApproxDistinctByKey();
  numbers.reduce((a, b) => a + b).then(sum => holds<Equal<typeof sum, number>>());
  numbers.fold(0, (a, b) => a + b).then(sum => holds<Equal<typeof sum, number>>());
  words
    .aggregate(
      0,
      (n, word) => n + word.length,
      (a, b) => a + b,
    )
    .then(sum => holds<Equal<typeof sum, number>>());
  sc.runJob(words, rows => [...rows].length).then(lengths => holds<Equal<typeof lengths, number[]>>());
  sc.on('taskEnded', event => holds<Equal<typeof event.ok, boolean>>());
  // @ts-expect-error no such event
  sc.on('taskStart', () => {});
  // @ts-expect-error no such option
  words.collect({ signl: new AbortController().signal });
  // @ts-expect-error no such option
  void Context.create({ thread: 2 });
  // @ts-expect-error rows of one kind
  words.union(numbers);
}

export function samples(): void {
  holds<Equal<RowOf<ReturnType<typeof ages.sample>>, [string, number]>>();
  const [first] = words.randomSplit([1, 2]);
  holds<Equal<RowOf<NonNullable<typeof first>>, string>>();
  const strata = ages.sampleByKey(false, new Map([['a', 0.5]]));
  holds<Equal<RowOf<typeof strata>, [string, number]>>();
  // @ts-expect-error a text has no key
  words.sampleByKey(false, [['a', 1]]);
  words.takeSample(true, 3).then(rows => holds<Equal<typeof rows, string[]>>());
}

export async function summaries(): Promise<void> {
  const one = await numbers.summary({ until: { halfWidth: 0.1 } });
  holds<Equal<typeof one.mean, number>>();
  holds<Equal<(typeof one.quantiles)[0.5], number>>();
  const several = await numbers.map(x => [x, x * x]).summary();
  holds<Equal<(typeof several.components)[0]['halfWidth'], number>>();
  // @ts-expect-error an estimate for each component
  several.mean;
  for await (const { trials, halfWidth } of numbers.summary()) holds<Equal<typeof trials | typeof halfWidth, number>>();
  // @ts-expect-error no numbers
  words.summary();
  // @ts-expect-error no pairs of numbers
  ages.controlVariate(0);
  const { coefficient } = await numbers.keyBy(x => x).controlVariate(0);
  holds<Equal<typeof coefficient, number>>();
  sc.trials(10, rng => rng.normal(), { antithetic: true, seed: 1 });
}

export function orderedActions(): void {
  words.max().then(word => holds<Equal<typeof word, string>>());
  ages.min(([, age]) => age).then(row => holds<Equal<typeof row, [string, number]>>());
  ages.top(3, (a, b) => a[1] - b[1]).then(rows => holds<Equal<typeof rows, [string, number][]>>());
  words.takeOrdered(3, word => [word.length, word], { deadline: 1000 }).then(rows => holds<Equal<typeof rows, string[]>>());
  words.takeOrdered(3, undefined, { deadline: 1000 });
  words.isEmpty().then(empty => holds<Equal<typeof empty, boolean>>());
  // @ts-expect-error no such property
  words.max(word => word.size);
  // @ts-expect-error a comparator gives a number
  words.max((a, b) => a < b);
  // @ts-expect-error no such option
  words.max(undefined, { signl: 1 });
}

export function numberActions(): void {
  numbers.variance().then(variance => holds<Equal<typeof variance, number>>());
  numbers
    .histogram(10)
    .then(({ buckets, counts }) => holds<Equal<[typeof buckets, typeof counts], [readonly number[], readonly number[]]>>());
  numbers.histogram([1, 2, 3] as const, { deadline: 1 });
  // @ts-expect-error no numbers
  words.stdev();
  // @ts-expect-error no numbers
  ages.histogram(3);
}

export async function iteratorActions(): Promise<void> {
  for await (const row of ages.toLocalIterator({ prefetch: false })) holds<Equal<typeof row, [string, number]>>();
  ages.forEachPartition(rows => {
    for (const row of rows) holds<Equal<typeof row, [string, number]>>();
  });
  numbers.treeReduce((a, b) => a + b).then(sum => holds<Equal<typeof sum, number>>());
  words
    .treeAggregate(
      0,
      (n, word) => n + word.length,
      (a, b) => a + b,
      3,
    )
    .then(sum => holds<Equal<typeof sum, number>>());
  // @ts-expect-error a depth is a number
  numbers.treeReduce((a, b) => a + b, { deadline: 3 });
}

export function sharedValues(): void {
  const table = sc.broadcast(new Map([['a', 1]]));
  holds<Equal<typeof table.value, Map<string, number>>>();
  const found = words.map(word => table.value.get(word) ?? 0);
  holds<Equal<RowOf<typeof found>, number>>();
  const total = sc.accumulator(0);
  holds<Equal<typeof total.value, number>>();
  const letters = sc.accumulator(
    new Set<string>(),
    (set, word: string) => set.add(word),
    (a, b) => new Set([...a, ...b]),
  );
  words.forEach(word => void letters.add(word));
  // @ts-expect-error it adds texts
  letters.add(3);
  // @ts-expect-error of another type than its zero, it needs a merge
  sc.accumulator(0, (n, word: string) => n + word.length);
  sc.setJobGroup('group', () => words.count()).then(count => holds<Equal<typeof count, number>>());
}

export function sources(): void {
  const rows = sc.source({ splits: [{ from: 0, to: 3 }], read: ({ from, to }) => [[from, to]] });
  holds<Equal<RowOf<typeof rows>, [number, number]>>();
  sc.source({
    // @ts-expect-error what is read is a number
    splits: ['a'],
    read: (split: number) => [split],
  });
}

export function keepsItsType(): void {
  const kept = words.cache();
  holds<Equal<RowOf<typeof kept>, string>>();
  ages.persist('memoryAndDisk').mapValues(age => age + 1);
  ages
    .checkpoint()
    .unpersist()
    .reduceByKey((a, b) => a + b);
  // @ts-expect-error: no such level
  words.persist('tape');
  const level = words.storageLevel;
  holds<Equal<typeof level, 'memory' | 'memoryAndDisk' | 'disk' | undefined>>();
  // @ts-expect-error: it is for reading
  words.storageLevel = 'memory';
}
