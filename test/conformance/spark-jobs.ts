// Jobs for Spark and for Heddle alike: the same question in Python and in TypeScript.
import { PAIR_JOBS } from './spark-pair-jobs.js';
import type { Job } from './spark-rows.js';

const ascending = (a: number, b: number) => a - b;

export const JOBS: readonly Job[] = [
  ...PAIR_JOBS,
  ['map', 'exact', 'nums.map(lambda n: n * 2 + 1).collect()', ({ nums }) => nums.map(n => n * 2 + 1).collect()],
  ['filter', 'exact', 'nums.filter(lambda n: n > 4).collect()', ({ nums }) => nums.filter(n => n > 4).collect()],
  ['flatMap', 'exact', 'words.flatMap(lambda w: w.split(" ")).collect()', ({ words }) => words.flatMap(w => w.split(' ')).collect()],
  ['partitions of a list', 'exact', 'nums.glom().collect()', ({ nums }) => nums.glom().collect()],
  [
    'mapPartitions',
    'exact',
    'nums.mapPartitions(lambda rows: [sum(rows)]).collect()',
    ({ nums }) => nums.mapPartitions(rows => [[...rows].reduce((a, b) => a + b, 0)]).collect(),
  ],
  [
    'mapPartitionsWithIndex',
    'exact',
    'nums.mapPartitionsWithIndex(lambda i, rows: [(i, row) for row in rows]).collect()',
    ({ nums }) => nums.mapPartitionsWithIndex((i, rows) => Array.from(rows, row => [i, row])).collect(),
  ],
  ['keyBy', 'exact', 'words.keyBy(len).collect()', ({ words }) => words.keyBy(w => w.length).collect()],
  ['range', 'exact', 'sc.range(20, 3, -4, 2).glom().collect()', ({ sc }) => sc.range(20, 3, -4, 2).glom().collect()],
  [
    'an empty RDD',
    'exact',
    'sc.emptyRDD().map(lambda x: x).collect()',
    ({ sc }) =>
      sc
        .emptyRDD()
        .map(x => x as number)
        .collect(),
  ],
  ['union', 'exact', 'nums.union(floats).union(nums).collect()', ({ nums, floats }) => nums.union(floats, nums).collect()],
  ['zip', 'exact', 'nums.zip(nums.map(lambda n: -n)).collect()', ({ nums }) => nums.zip(nums.map(n => 0 - n)).collect()],
  ['zipWithIndex', 'exact', 'words.zipWithIndex().collect()', ({ words }) => words.zipWithIndex().collect()],
  ['zipWithUniqueId', 'exact', 'words.zipWithUniqueId().collect()', ({ words }) => words.zipWithUniqueId().collect()],
  ['cartesian', 'rows', 'edges.cartesian(floats).collect()', ({ edges, floats }) => edges.cartesian(floats).collect()],
  ['coalesce', 'exact', 'sc.range(0, 10, 1, 10).coalesce(3).collect()', ({ sc }) => sc.range(0, 10, 1, 10).coalesce(3).collect()],
  ['repartition', 'rows', 'nums.repartition(5).collect()', ({ nums }) => nums.repartition(5).collect()],
  [
    'repartition counts',
    'exact',
    '(nums.repartition(5).getNumPartitions(), nums.coalesce(2).getNumPartitions(), nums.coalesce(9).getNumPartitions())',
    async ({ nums }) => [nums.repartition(5).getNumPartitions(), nums.coalesce(2).getNumPartitions(), nums.coalesce(9).getNumPartitions()],
  ],

  ['distinct', 'rows', 'nums.distinct().collect()', ({ nums }) => nums.distinct().collect()],
  ['distinct pairs', 'rows', 'byTuple.keys().distinct().collect()', ({ byTuple }) => byTuple.keys().distinct().collect()],
  [
    'intersection',
    'rows',
    'nums.intersection(sc.parallelize([7, 5, 5, 99, -8], 2)).collect()',
    ({ nums, sc }) => nums.intersection(sc.parallelize([7, 5, 5, 99, -8], 2)).collect(),
  ],
  [
    'subtract',
    'rows',
    'nums.subtract(sc.parallelize([7, 5, 99], 2)).collect()',
    ({ nums, sc }) => nums.subtract(sc.parallelize([7, 5, 99], 2)).collect(),
  ],
  [
    'groupBy',
    'rows',
    'nums.groupBy(lambda n: n % 2 == 0).mapValues(sorted).collect()',
    ({ nums }) =>
      nums
        .groupBy(n => n % 2 === 0)
        .mapValues(ns => ns.sort((a, b) => a - b))
        .collect(),
  ],

  [
    'sortBy',
    'exact',
    'nums.distinct().sortBy(lambda n: n).collect()',
    ({ nums }) =>
      nums
        .distinct()
        .sortBy(n => n)
        .collect(),
  ],
  [
    'sortBy, descending',
    'exact',
    'words.distinct().sortBy(lambda w: w, False).collect()',
    ({ words }) =>
      words
        .distinct()
        .sortBy(w => w, false)
        .collect(),
  ],
  [
    'sortBy a tuple',
    'exact',
    'words.distinct().sortBy(lambda w: (len(w), w)).collect()',
    ({ words }) =>
      words
        .distinct()
        .sortBy(w => [w.length, w])
        .collect(),
  ],
  ['sortByKey', 'exact', 'byNumber.sortByKey().collect()', ({ byNumber }) => byNumber.sortByKey().collect()],
  ['sortByKey, descending', 'exact', 'byNumber.sortByKey(False, 2).collect()', ({ byNumber }) => byNumber.sortByKey(false, 2).collect()],
  [
    'repartitionAndSortWithinPartitions',
    'exact',
    'byNumber.repartitionAndSortWithinPartitions(2, lambda k: 0 if k < 2 else 1).glom().collect()',
    ({ byNumber }) =>
      byNumber
        .repartitionAndSortWithinPartitions({ partitions: 2, partition: k => (k < 2 ? 0 : 1) })
        .glom()
        .collect(),
  ],
  [
    'partitionBy',
    'rows',
    'edges.partitionBy(2, lambda k: k % 2).glom().map(sorted).zipWithIndex().collect()',
    ({ edges }) =>
      edges
        .partitionBy({ partitions: 2, partition: k => k % 2 })
        .glom()
        .map(rows => rows.sort(([a, b], [c, d]) => a - c || b - d))
        .zipWithIndex()
        .collect(),
  ],

  [
    'count, first, take',
    'exact',
    '[nums.count(), nums.first(), nums.take(6), nums.take(0)]',
    async ({ nums }) => [await nums.count(), await nums.first(), await nums.take(6), await nums.take(0)],
  ],
  [
    'isEmpty',
    'exact',
    '[nums.isEmpty(), nums.filter(lambda n: n > 1000).isEmpty(), sc.emptyRDD().isEmpty()]',
    async ({ nums, sc }) => [await nums.isEmpty(), await nums.filter(n => n > 1000).isEmpty(), await sc.emptyRDD().isEmpty()],
  ],
  [
    'reduce, fold',
    'exact',
    '[nums.reduce(lambda a, b: a + b), nums.fold(0, max), words.fold("", lambda a, b: a + b)]',
    async ({ nums, words }) => [
      await nums.reduce((a, b) => a + b),
      await nums.fold(0, (a, b) => Math.max(a, b)),
      await words.fold('', (a, b) => a + b),
    ],
  ],
  [
    'aggregate',
    'exact',
    'nums.aggregate((0, 0), lambda c, n: (c[0] + n, c[1] + 1), lambda a, b: (a[0] + b[0], a[1] + b[1]))',
    ({ nums }) =>
      nums.aggregate(
        [0, 0],
        ([sum, n], x) => [sum! + x, n! + 1],
        ([a, n], [b, m]) => [a! + b!, n! + m!],
      ),
  ],
  [
    'treeReduce, treeAggregate',
    'exact',
    '[nums.treeReduce(lambda a, b: a + b), nums.treeAggregate(0, lambda c, n: c + abs(n), lambda a, b: a + b)]',
    async ({ nums }) => [
      await nums.treeReduce((a, b) => a + b),
      await nums.treeAggregate(
        0,
        (c, n) => c + Math.abs(n),
        (a, b) => a + b,
      ),
    ],
  ],
  [
    'sum, mean, variance, deviation',
    'close',
    '[floats.sum(), floats.mean(), floats.variance(), floats.sampleVariance(), floats.stdev(), floats.sampleStdev()]',
    async ({ floats }) => [
      await floats.sum(),
      await floats.mean(),
      await floats.variance(),
      await floats.sampleVariance(),
      await floats.stdev(),
      await floats.sampleStdev(),
    ],
  ],
  [
    'stats',
    'close',
    '[getattr(floats.stats(), name)() for name in ["count", "mean", "variance", "stdev", "min", "max"]]',
    async ({ floats }) => {
      const { count, mean, variance, stdev, min, max } = await floats.stats();
      return [count, mean, variance, stdev, min, max];
    },
  ],
  [
    'histogram',
    'close',
    '[nums.histogram(4), floats.histogram([-1, 0, 2.5, 64]), floats.histogram(3)]',
    async ({ nums, floats }) =>
      (await Promise.all([nums.histogram(4), floats.histogram([-1, 0, 2.5, 64]), floats.histogram(3)])).map(({ buckets, counts }) => [
        buckets,
        counts,
      ]),
  ],
  [
    'min, max',
    'exact',
    '[nums.min(), nums.max(), words.max(key=len), words.min(), floats.max(key=lambda x: -x)]',
    async ({ nums, words, floats }) => [
      await nums.min(),
      await nums.max(),
      await words.max(w => w.length),
      await words.min(),
      await floats.max(x => -x),
    ],
  ],
  [
    'top, takeOrdered',
    'exact',
    '[nums.top(3), nums.takeOrdered(5), floats.takeOrdered(3, key=lambda x: -x), words.top(2), byNumber.top(2, key=lambda p: p[0])]',
    async ({ nums, floats, words, byNumber }) => [
      await nums.top(3),
      await nums.takeOrdered(5),
      await floats.takeOrdered(3, x => -x),
      await words.top(2),
      await byNumber.top(2, p => p[0]),
    ],
  ],
  ['countByValue', 'rows', 'words.countByValue()', ({ words }) => words.countByValue()],
  ['countByKey', 'rows', 'byTuple.countByKey()', ({ byTuple }) => byTuple.countByKey()],
  ['collectAsMap', 'rows', 'byText.collectAsMap()', ({ byText }) => byText.collectAsMap()],
  [
    'reduceByKeyLocally',
    'rows',
    'byText.reduceByKeyLocally(lambda a, b: a * 10 + b)',
    ({ byText }) => byText.reduceByKeyLocally((a, b) => a * 10 + b),
  ],
  [
    'lookup',
    'rows',
    '[sorted(byText.lookup("a")), byText.lookup("none"), sorted(byText.partitionBy(4).lookup("b"))]',
    async ({ byText }) => [
      (await byText.lookup('a')).sort(ascending),
      await byText.lookup('none'),
      (await byText.partitionBy(4).lookup('b')).sort(ascending),
    ],
  ],

  [
    'lines of a text file',
    'exact',
    'sc.textFile(textFile, 3).collect()',
    ({ sc, textFile }) => sc.textFile(textFile, { partitions: 3 }).collect(),
  ],
  [
    'words of a text file',
    'rows',
    'sc.textFile(textFile).flatMap(lambda line: line.split(" ")).map(lambda w: (w, 1)).reduceByKey(lambda a, b: a + b).collect()',
    ({ sc, textFile }) =>
      sc
        .textFile(textFile)
        .flatMap(line => line.split(' '))
        .map((w): [string, number] => [w, 1])
        .reduceByKey((a, b) => a + b)
        .collect(),
  ],
  [
    'lines of a folder',
    'rows',
    'sc.textFile(textFolder).map(lambda line: line.strip().upper()).collect()',
    ({ sc, textFolder }) =>
      sc
        .textFile(textFolder)
        .map(line => line.trim().toUpperCase())
        .collect(),
  ],
];
