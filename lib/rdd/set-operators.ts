// Operators on RDDs as collections: of several, or of all the rows of one.

import { AggregateOp } from '../shuffle/kernels.js';
import { aggregated, operatorNode, partitionerFor } from './make.js';
import type { RDD } from './rdd.js';
import { RowOperators } from './row-operators.js';
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
    const first = { kind: 'reduce', f: { builtin: 'first' }, op: AggregateOp.First } as const;
    const reduced = aggregated(session, keyed, 'distinct', partitioner, first);
    return this.derive(operatorNode(session, reduced, 'distinct', 'map', { builtin: 'keyOf' }));
  }
}
