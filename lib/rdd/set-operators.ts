// Operators on RDDs as collections: of several, or of all the rows of one.

import { aggregated, FIRST_OF_EACH, operatorNode, partitionerFor, shipped } from './make.js';
import type { RDD } from './rdd.js';
import { RowOperators } from './row-operators.js';
import type { Row } from './types.js';
import { unionNode } from './union.js';

export class SetOperators<T> extends RowOperators<T> {
  /** The rows of this one and of the others, partitions one after the other; nothing is removed. */
  union(...others: readonly RDD<T>[]): RDD<T> {
    for (const other of others) this.checkKin(other, 'union(...others)');
    return this.derive(unionNode(this.session, [this.node, ...others.map(other => other.node)]));
  }

  /** One row of each that are equal by value: the first. */
  distinct(partitions?: number): RDD<T> {
    const { session } = this;
    const partitioner = partitionerFor(session, partitions);
    const keyed = operatorNode(session, this.node, 'distinct', 'map', { builtin: 'rowToKey' });
    const reduced = aggregated(session, keyed, 'distinct', partitioner, FIRST_OF_EACH);
    return this.derive(operatorNode(session, reduced, 'distinct', 'map', { builtin: 'keyOf' }));
  }

  /** One pair for each value of f: it, and the rows that give it, in their order. To reduce them, keyBy and reduceByKey move less. */
  groupBy<K extends Row>(f: (row: T) => K, partitions?: number): RDD<[K, T[]]> {
    const { session } = this;
    const keyed = operatorNode(session, this.node, 'groupBy', 'keyBy', shipped(session, f, 'groupBy(f)'));
    return this.derive(aggregated(session, keyed, 'groupBy', partitionerFor(session, partitions), { kind: 'group' }));
  }
}
