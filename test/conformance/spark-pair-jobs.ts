// Jobs on pairs, for Spark and for Heddle alike.
import type { Job } from './spark-rows.js';

export const PAIR_JOBS: readonly Job[] = [
  [
    'reduceByKey, text',
    'rows',
    'byText.reduceByKey(lambda a, b: a + b).collect()',
    ({ byText }) => byText.reduceByKey((a, b) => a + b).collect(),
  ],
  [
    'reduceByKey, numbers',
    'rows',
    'nums.map(lambda n: (n % 3, n)).reduceByKey(max).collect()',
    ({ nums }) =>
      nums
        .map((n): [number, number] => [((n % 3) + 3) % 3, n])
        .reduceByKey((a, b) => Math.max(a, b))
        .collect(),
  ],
  [
    'reduceByKey, tuples',
    'rows',
    'byTuple.reduceByKey(lambda a, b: a + b).collect()',
    ({ byTuple }) => byTuple.reduceByKey((a, b) => a + b).collect(),
  ],
  [
    'reduceByKey, null',
    'rows',
    'byNull.reduceByKey(lambda a, b: a + b, 2).collect()',
    ({ byNull }) => byNull.reduceByKey((a, b) => a + b, 2).collect(),
  ],
  [
    'groupByKey',
    'rows',
    'byText.groupByKey().mapValues(sorted).collect()',
    ({ byText }) =>
      byText
        .groupByKey()
        .mapValues(ns => ns.sort((a, b) => a - b))
        .collect(),
  ],
  [
    'combineByKey',
    'rows',
    'byText.combineByKey(lambda v: (v, 1), lambda c, v: (c[0] + v, c[1] + 1), lambda a, b: (a[0] + b[0], a[1] + b[1])).collect()',
    ({ byText }) =>
      byText
        .combineByKey({
          createCombiner: (v): [number, number] => [v, 1],
          mergeValue: ([sum, n], v): [number, number] => [sum + v, n + 1],
          mergeCombiners: ([a, n], [b, m]): [number, number] => [a + b, n + m],
        })
        .collect(),
  ],
  [
    'foldByKey',
    'rows',
    'byText.foldByKey(0, lambda a, b: a + b).collect()',
    ({ byText }) => byText.foldByKey(0, (a, b) => a + b).collect(),
  ],
  [
    'aggregateByKey',
    'rows',
    'byText.aggregateByKey("", lambda c, v: "".join(sorted(c + str(v))), lambda a, b: "".join(sorted(a + b))).collect()',
    ({ byText }) =>
      byText
        .aggregateByKey(
          '',
          (c, v) => [...c, v].sort().join(''),
          (a, b) => [...a, ...b].sort().join(''),
        )
        .collect(),
  ],
  [
    'mapValues, flatMapValues, keys, values',
    'exact',
    'byText.mapValues(lambda v: [v, v * 2]).flatMapValues(lambda v: v).collect() + byText.keys().collect() + byText.values().collect()',
    async ({ byText }) => [
      ...(await byText
        .mapValues(v => [v, v * 2])
        .flatMapValues(v => v)
        .collect()),
      ...(await byText.keys().collect()),
      ...(await byText.values().collect()),
    ],
  ],

  ['join', 'rows', 'byText.join(otherText).collect()', ({ byText, otherText }) => byText.join(otherText).collect()],
  ['join with itself', 'rows', 'edges.join(edges, 4).collect()', ({ edges }) => edges.join(edges, 4).collect()],
  [
    'join of two-hop edges',
    'rows',
    'edges.map(lambda e: (e[1], e[0])).join(edges).values().distinct().collect()',
    ({ edges }) =>
      edges
        .map(([a, b]): [number, number] => [b, a])
        .join(edges)
        .values()
        .distinct()
        .collect(),
  ],
  [
    'leftOuterJoin',
    'rows',
    'byText.leftOuterJoin(otherText).collect()',
    ({ byText, otherText }) => byText.leftOuterJoin(otherText).collect(),
  ],
  [
    'rightOuterJoin',
    'rows',
    'byText.rightOuterJoin(otherText).collect()',
    ({ byText, otherText }) => byText.rightOuterJoin(otherText).collect(),
  ],
  [
    'fullOuterJoin',
    'rows',
    'byText.fullOuterJoin(otherText).collect()',
    ({ byText, otherText }) => byText.fullOuterJoin(otherText).collect(),
  ],
  [
    'fullOuterJoin, null',
    'rows',
    'byNull.fullOuterJoin(byText).collect()',
    ({ byNull, byText }) => byNull.fullOuterJoin(byText as never).collect(),
  ],
  [
    'subtractByKey',
    'rows',
    'byText.subtractByKey(otherText).collect()',
    ({ byText, otherText }) => byText.subtractByKey(otherText).collect(),
  ],
  [
    'cogroup',
    'rows',
    'byText.cogroup(otherText).mapValues(lambda sides: [sorted(side) for side in sides]).collect()',
    ({ byText, otherText }) =>
      byText
        .cogroup(otherText)
        .mapValues(sides => sides.map(side => side.sort((a, b) => a - b)))
        .collect(),
  ],
  [
    'groupWith',
    'rows',
    'byText.groupWith(otherText, byText).mapValues(lambda sides: [sorted(side) for side in sides]).collect()',
    ({ byText, otherText }) =>
      byText
        .groupWith(otherText, byText)
        .mapValues(sides => sides.map(side => side.sort((a, b) => a - b)))
        .collect(),
  ],
];
