// The union of RDDs, as a node.

import { callSite } from '../core/callsite.js';
import type { Node } from '../plan/lineage.js';
import { samePartitioner } from '../plan/partitioner.js';
import { partsNode } from './make.js';
import type { Session } from './session.js';

/**
 * Partitions one after the other; where all have one partitioner it is kept, and a partition of the union is those of one
 * number one after the other (Spark's PartitionerAwareUnionRDD).
 */
export function unionNode(session: Session, parents: readonly Node[]): Node {
  const { partitioner } = parents[0]!;
  if (parents.length > 1 && parents.every(parent => samePartitioner(parent.partitioner, partitioner))) {
    const partsOf = (partition: number) => parents.map((_, parent) => ({ parent, partition }));
    return partsNode(session, parents, 'union', { rule: { kind: 'concat' }, partitions: partitioner!.partitions, partitioner, partsOf });
  }
  const partitions = parents.reduce((sum, parent) => sum + parent.partitions, 0);
  return { kind: 'union', id: session.nextRdd(), name: 'union', site: callSite(), partitions, parents };
}
