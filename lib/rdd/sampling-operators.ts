// Rows taken at random: sample, randomSplit, sampleByKey. Arguments come in Spark's order, the seed last; without one it is
// the context's, so that a plan gives the same rows each time. Over ranges, arrays and trials they do not depend on partitions.

import { KeyIndex } from '../codec/key-index.js';
import { badArgument } from '../core/errors.js';
import type { Node } from '../plan/lineage.js';
import { checkSeed, type Seed } from '../task/rng/seed.js';
import type { Sampling } from '../task/sampling.js';
import { encodeColumn } from '../task/sinks/rows.js';
import { operatorNode } from './make.js';
import type { RDD } from './rdd.js';
import type { RddBase } from './rdd-base.js';
import { SortOperators } from './sort-operators.js';
import type { Pair } from './types.js';

export class SamplingOperators<T> extends SortOperators<T> {
  /**
   * Rows taken by chance. Without replacement each row with probability `fraction`; with it each row any number of times,
   * `fraction` times on average. How many come is itself random: takeSample gives an exact number. Keeps the partitioner.
   */
  sample(withReplacement: boolean, fraction: number, seed?: Seed): RDD<T> {
    checkFlag('sample(withReplacement)', withReplacement);
    checkFraction('sample(fraction)', fraction, withReplacement);
    const sampling: Sampling = withReplacement ? { kind: 'poisson', mean: fraction } : { kind: 'between', from: 0, to: fraction };
    return this.derive(sampled(this, 'sample', 'sample', sampling, seed));
  }

  /**
   * An RDD for each weight, with that share of the rows, by chance: each row is in exactly one of them. The parts agree because
   * each repeats the same draws, so what is before the split runs once for each part that is used.
   */
  randomSplit(weights: readonly number[], seed?: Seed): RDD<T>[] {
    if (!Array.isArray(weights)) throw badArgument('randomSplit(weights)', weights, 'an array of weights');
    for (const weight of weights) {
      if (!(typeof weight === 'number' && weight >= 0 && weight < Infinity)) {
        throw badArgument('randomSplit(weights)', weight, 'finite numbers, 0 or above');
      }
    }
    const ends = weights.map((_, i) => weights.slice(0, i + 1).reduce((a: number, b: number) => a + b, 0));
    const total = ends[ends.length - 1] ?? 0;
    if (!(total > 0 && total < Infinity))
      throw badArgument('randomSplit(weights)', weights, 'at least one weight above 0, and a finite sum');
    return ends.map((end, i) => {
      const sampling: Sampling = { kind: 'between', from: (ends[i - 1] ?? 0) / total, to: end / total };
      return this.derive<T>(sampled(this, 'randomSplit', 'sample', sampling, seed));
    });
  }

  /** As sample, with a fraction for each key: a Map, or pairs [key, fraction]. A key that has none fails the job. */
  sampleByKey<K, V>(this: RDD<Pair<K, V>>, withReplacement: boolean, fractions: Iterable<readonly [K, number]>, seed?: Seed): RDD<[K, V]> {
    checkFlag('sampleByKey(withReplacement)', withReplacement);
    if (typeof fractions?.[Symbol.iterator] !== 'function')
      throw badArgument('sampleByKey(fractions)', fractions, 'a Map or pairs [key, fraction]');
    const index = new KeyIndex();
    const values: number[] = [];
    for (const pair of fractions) {
      if (!Array.isArray(pair) || pair.length !== 2) throw badArgument('sampleByKey(fractions)', pair, 'pairs [key, fraction]');
      checkFraction('sampleByKey(fractions)', pair[1], withReplacement);
      // Of keys that are equal by value the last counts, as in a Map.
      values[index.findOrAdd(pair[0])] = pair[1];
    }
    const sampling: Sampling = { kind: 'byKey', withReplacement, keys: encodeColumn(index.keys), fractions: values };
    return this.derive(sampled(this, 'sampleByKey', 'sampleByKey', sampling, seed));
  }
}

function sampled(rdd: RddBase, name: string, operator: 'sample' | 'sampleByKey', sampling: Sampling, seed: Seed | undefined): Node {
  checkSeed(seed);
  const node = operatorNode(rdd.session, rdd.node, name, operator, { sampling }, true);
  return seed === undefined ? node : { ...node, seed };
}

export function checkFlag(argument: string, value: unknown): void {
  if (typeof value !== 'boolean') throw badArgument(argument, value, 'true or false');
}

function checkFraction(argument: string, value: unknown, withReplacement: boolean): void {
  const most = withReplacement ? MOST_TIMES : 1;
  if (typeof value === 'number' && value >= 0 && value <= most) return;
  throw badArgument(
    argument,
    value,
    withReplacement ? `how often a row comes on average, from 0 to ${MOST_TIMES}` : 'a probability, from 0 to 1',
  );
}

/** Far beyond what anybody wants, and well within what a Poisson count can be. */
const MOST_TIMES = 1e9;
