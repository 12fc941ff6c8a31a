// Operators from rows to rows, within a partition.

import { checkOptions } from '../core/options.js';
import type { Rng } from '../task/rng/rng.js';
import { checkSeed, type Seed } from '../task/rng/seed.js';
import { KeepOperators } from './keep-operators.js';
import { operatorNode, partitionsNode, shipped } from './make.js';
import type { RDD } from './rdd.js';
import type { Row } from './types.js';

export class RowOperators<T> extends KeepOperators {
  /** Each row through f. */
  map<U extends Row>(f: (row: T) => U): RDD<U> {
    return this.derive(operatorNode(this.session, this.node, 'map', 'map', shipped(this.session, f, 'map(f)')));
  }

  /** The rows for which f is truthy. Keeps the partitioner. */
  filter<S extends T>(f: (row: T) => row is S): RDD<S>;
  filter(f: (row: T) => unknown): RDD<T>;
  filter(f: (row: T) => unknown): RDD<T> {
    return this.derive(operatorNode(this.session, this.node, 'filter', 'filter', shipped(this.session, f, 'filter(f)'), true));
  }

  /** All elements of what f gives for each row: an array or any other iterable, which is taken lazily. */
  flatMap<U extends Row>(f: (row: T) => Iterable<U>): RDD<U> {
    return this.derive(operatorNode(this.session, this.node, 'flatMap', 'flatMap', shipped(this.session, f, 'flatMap(f)')));
  }

  /** Each partition's rows, as an iterator, through f. Rows are made as f asks for them. */
  mapPartitions<U extends Row>(f: (rows: IterableIterator<T>) => Iterable<U>): RDD<U> {
    return this.derive(partitionsNode(this.session, this.node, 'mapPartitions', shipped(this.session, f, 'mapPartitions(f)'), false));
  }

  /** As mapPartitions, with the partition's index first. */
  mapPartitionsWithIndex<U extends Row>(f: (index: number, rows: IterableIterator<T>) => Iterable<U>): RDD<U> {
    const g = shipped(this.session, f, 'mapPartitionsWithIndex(f)');
    return this.derive(partitionsNode(this.session, this.node, 'mapPartitionsWithIndex', g, true));
  }

  /**
   * Each row through f with random numbers. Over ranges, arrays and trials the numbers belong to the row's index, so that
   * they are the same however it is partitioned; after a shuffle, or on text, to the partition and the row's place in it.
   */
  mapWithRng<U extends Row>(f: (row: T, rng: Rng) => U, options?: { readonly seed?: Seed }): RDD<U> {
    checkOptions('mapWithRng(options)', options, ['seed']);
    checkSeed(options?.seed);
    const node = operatorNode(this.session, this.node, 'mapWithRng', 'mapWithRng', shipped(this.session, f, 'mapWithRng(f)'));
    return this.derive(options?.seed === undefined ? node : { ...node, seed: options.seed });
  }

  /** One array for each partition. */
  glom(): RDD<T[]> {
    return this.derive(partitionsNode(this.session, this.node, 'glom', { builtin: 'glom' }, false));
  }

  /** Pairs [f(row), row]. */
  keyBy<K extends Row>(f: (row: T) => K): RDD<[K, T]> {
    return this.derive(operatorNode(this.session, this.node, 'keyBy', 'keyBy', shipped(this.session, f, 'keyBy(f)')));
  }
}
