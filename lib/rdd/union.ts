// The union of RDDs, as a node.

import { callSite } from '../core/callsite.js';
import type { Node, UnionNode } from '../plan/lineage.js';
import type { Session } from './session.js';

export function unionNode(session: Session, parents: readonly Node[]): UnionNode {
  const partitions = parents.reduce((sum, parent) => sum + parent.partitions, 0);
  return { kind: 'union', id: session.nextRdd(), name: 'union', site: callSite(), partitions, parents };
}
