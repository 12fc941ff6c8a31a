// RDD<T>: a lazy, typed, partitioned collection. Operators are synchronous and build the plan; actions run it and are
// promises. Pair operators exist only on an RDD of pairs. The names and meanings are those of Spark's core
// (M. Zaharia et al., "Resilient Distributed Datasets", NSDI 2012), in camelCase and with JavaScript's manners.

import { badArgument } from '../core/errors.js';
import { explain } from '../plan/explain.js';
import { ApproximateActions } from './approximate-actions.js';
import { KnownPartitioner } from './partitioners.js';
import type { Pair } from './types.js';

export class RDD<T> extends ApproximateActions<T> {
  getNumPartitions(): number {
    return this.node.partitions;
  }

  /** How the keys are spread over the partitions, where that is known: by an operator by key, and kept by those that leave keys alone. */
  get partitioner(): KnownPartitioner<T extends Pair<infer K, unknown> ? K : never> | undefined {
    const { partitioner } = this.node;
    return partitioner === undefined ? undefined : new KnownPartitioner(partitioner);
  }

  /** Names this RDD in explain(), in errors and in events. Returns it. */
  setName(name: string): this {
    if (typeof name !== 'string' || name === '') throw badArgument('setName(name)', name, 'a text');
    this.node.title = name;
    return this;
  }

  /** The name that setName gave. */
  get name(): string | undefined {
    return this.node.title;
  }

  /** What each stage will do, and which path it takes. */
  explain(): string {
    return explain(this.node, this.session.spilling);
  }
}
