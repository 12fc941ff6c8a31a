// Sorting: a job samples the keys and chooses bounds, a shuffle brings each key between its bounds, and each partition is
// sorted. The order is that of the keys across all types (codec/key-order.ts); rows with equal keys keep their order.

import { encodeValue, readColumn } from '../codec/column.js';
import { badArgument } from '../core/errors.js';
import { checkPartitions } from '../core/options.js';
import { Deferred } from '../plan/deferred.js';
import type { Node, PartsNode } from '../plan/lineage.js';
import type { PlanRangePartitioner } from '../plan/partitioner.js';
import { boundsOf, sampleSize } from '../task/key-sample.js';
import { JoinOperators } from './join-operators.js';
import { operatorNode, partitioned, partsNode, shipped } from './make.js';
import { partitionerFor } from './partitioners.js';
import type { RDD } from './rdd.js';
import type { Session } from './session.js';
import type { Pair, Partitions, Row } from './types.js';

export class SortOperators<T> extends JoinOperators<T> {
  /**
   * The pairs by key, over all partitions. Stable. The first job that needs it samples the keys before, which computes this RDD
   * once more; with one partition it does not. Partitions may be empty where there are few distinct keys.
   */
  sortByKey<K, V>(this: RDD<Pair<K, V>>, ascending = true, partitions?: number): RDD<[K, V]> {
    return this.derive(sortedByKey(this.session, this.node, 'sortByKey', ascending, partitions));
  }

  /** The rows by what f gives for each. As sortByKey. */
  sortBy<K extends Row>(f: (row: T) => K, ascending = true, partitions?: number): RDD<T> {
    const { session } = this;
    const keyed = operatorNode(session, this.node, 'sortBy', 'keyBy', shipped(session, f, 'sortBy(f)'));
    const sorted = sortedByKey(session, keyed, 'sortBy', ascending, partitions);
    return this.derive(operatorNode(session, sorted, 'sortBy', 'map', { builtin: 'valueOf' }));
  }

  /** As partitionBy, each partition sorted by key: quicker than to sort it afterwards. Stable. */
  repartitionAndSortWithinPartitions<K, V>(this: RDD<Pair<K, V>>, partitions: Partitions<K>): RDD<[K, V]> {
    const { session } = this;
    const name = 'repartitionAndSortWithinPartitions';
    if (partitions === undefined) throw badArgument('partitions', partitions, 'a number of partitions or a partitioner');
    const moved = partitioned(session, this.node, name, partitionerFor(session, partitions));
    return this.derive(sortNode(session, moved, name, true));
  }
}

function sortedByKey(session: Session, parent: Node, name: string, ascending: boolean, partitions: number | undefined): PartsNode {
  if (typeof ascending !== 'boolean') throw badArgument(`${name}(ascending)`, ascending, 'true or false');
  const n =
    partitions === undefined ? (parent.partitioner?.partitions ?? session.defaultPartitions) : checkPartitions('partitions', partitions);
  return sortNode(session, partitioned(session, parent, name, rangePartitioner(parent, name, ascending, n)), name, ascending);
}

function sortNode(session: Session, parent: Node, name: string, ascending: boolean): PartsNode {
  const { partitions, partitioner } = parent;
  const partsOf = (partition: number) => [{ parent: 0, partition }];
  return partsNode(session, [parent], name, { rule: { kind: 'sort', ascending }, partitions, partitioner, partsOf });
}

function rangePartitioner(node: Node, name: string, ascending: boolean, partitions: number): PlanRangePartitioner {
  const bounds =
    partitions === 1 || node.partitions === 0
      ? Deferred.of(encodeValue([]))
      : Deferred.ask({
          action: name,
          node,
          sink: () => ({ kind: 'sampleKeys', size: sampleSize(partitions, node.partitions) }),
          partitions: Array.from({ length: node.partitions }, (_, partition) => partition),
          answer: results => {
            const samples = results.map(([keys, rows]) => ({ keys: Array.from(readColumn(keys!)), rows: readColumn(rows!)[0] as number }));
            return encodeValue(boundsOf(samples, partitions, ascending));
          },
        });
  return { kind: 'range', partitions, ascending, bounds };
}
