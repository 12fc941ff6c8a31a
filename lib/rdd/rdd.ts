// RDD<T>: a lazy, typed, partitioned collection. Operators are synchronous and build the plan; actions run it and are
// promises. Pair operators exist only on an RDD of pairs. The names and meanings are those of Spark's core
// (M. Zaharia et al., "Resilient Distributed Datasets", NSDI 2012), in camelCase and with JavaScript's manners.

import { explain } from '../plan/explain.js';
import { IteratorActions } from './iterator-actions.js';

export class RDD<T> extends IteratorActions<T> {
  getNumPartitions(): number {
    return this.node.partitions;
  }

  /** What each stage will do, and which path it takes. */
  explain(): string {
    return explain(this.node);
  }
}
