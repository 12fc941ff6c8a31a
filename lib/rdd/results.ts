// Runs an action's job and puts its tasks' results together, in partition order whatever order they came in.

import { readColumn } from '../codec/column.js';
import { checkOptions } from '../core/options.js';
import type { PlanSink } from '../plan/build-stage.js';
import type { Node } from '../plan/lineage.js';
import { FixedTree, type TreeNode } from '../task/stats/fixed-tree.js';
import type { Session } from './session.js';
import type { ActionOptions } from './types.js';

export interface Action {
  readonly session: Session;
  readonly node: Node;
  readonly name: string;
  readonly options: ActionOptions | undefined;
}

/** The columns of each partition's result. */
export async function runForColumns(action: Action, sink: PlanSink, partitions?: readonly number[]): Promise<(readonly Uint8Array[])[]> {
  const { session, node, name, options } = action;
  checkOptions('options', options, ['signal', 'deadline']);
  session.checkOpen();
  const wanted = partitions ?? Array.from({ length: node.partitions }, (_, p) => p);
  const place = new Map(wanted.map((partition, at) => [partition, at]));
  const columns: (readonly Uint8Array[])[] = new Array(wanted.length);
  await session.run({
    action: name,
    node,
    sink,
    partitions: wanted,
    onResult: (partition, result) => {
      columns[place.get(partition)!] = result.columns;
    },
    signal: options?.signal,
    deadline: options?.deadline,
  });
  return columns;
}

/** Appends the rows of encoded columns. */
export function appendRows(rows: unknown[], columns: readonly Uint8Array[]): void {
  for (const column of columns) {
    const values = readColumn(column);
    for (let i = 0; i < values.length; i++) rows.push(values[i]);
  }
}

/** Merges what blockwise sinks left in their fixed trees; undefined when no row came. */
export async function runForTree<P>(action: Action, sink: PlanSink, merge: (a: P, b: P) => P): Promise<{ readonly value: P } | undefined> {
  const { session, node, name, options } = action;
  checkOptions('options', options, ['signal', 'deadline']);
  session.checkOpen();
  // Boxed: a partial may itself be undefined.
  const branches = new Map<number, TreeNode<Box<P>>[][]>();
  await session.run({
    action: name,
    node,
    sink,
    onResult: (_partition, result, branch) => {
      const nodes: unknown[] = [];
      appendRows(nodes, result.columns);
      const list = (nodes as [number, number, P][]).map(([level, index, value]) => ({ level, index, partial: { value } }));
      const lists = branches.get(branch);
      if (lists === undefined) branches.set(branch, [list]);
      else lists.push(list);
    },
    signal: options?.signal,
    deadline: options?.deadline,
  });
  const mergeBoxes = (a: Box<P>, b: Box<P>) => ({ value: merge(a.value, b.value) });
  let whole: Box<P> | undefined;
  for (const [, lists] of [...branches].sort(([a], [b]) => a - b)) {
    const joined = FixedTree.join(lists, mergeBoxes);
    if (joined === undefined) continue;
    whole = whole === undefined ? joined : mergeBoxes(whole, joined);
  }
  return whole;
}

interface Box<P> {
  readonly value: P;
}
