// Runs an action's job and puts its tasks' results together, in partition order whatever order they came in.

import { readColumn } from '../codec/column.js';
import { checkOptions } from '../core/options.js';
import type { PlanSink } from '../plan/build-stage.js';
import type { Node } from '../plan/lineage.js';
import type { TaskResult } from '../task/spec.js';
import { FixedTree, type TreeNode } from '../task/stats/fixed-tree.js';
import { decodeNodes } from '../task/stats/tree-columns.js';
import type { Session } from './session.js';
import type { ActionOptions } from './types.js';

export interface Action {
  readonly session: Session;
  readonly node: Node;
  readonly name: string;
  readonly options: ActionOptions | undefined;
  /** Ends the job early and well. */
  readonly enough?: AbortSignal;
}

/** Runs an action's job; `take` gets each partition's columns, in any order, and the branch of a union that it belongs to. */
async function runAction(
  { session, node, name, options, enough }: Action,
  sink: PlanSink,
  partitions: readonly number[],
  mayJoin: boolean,
  take: (partition: number, columns: readonly Uint8Array[], branch: number) => void,
): Promise<void> {
  checkOptions('options', options, ['signal', 'deadline']);
  session.checkOpen();
  const { signal, deadline } = options ?? {};
  const onResult = (partition: number, { columns }: TaskResult, branch: number) => take(partition, columns, branch);
  await session.run({ action: name, node, sink, partitions, mayJoin, onResult, signal, deadline, enough });
}

const allPartitions = (node: Node) => Array.from({ length: node.partitions }, (_, p) => p);

/** Where a partition's result goes among those that were asked for: all of them where none are named. */
function places(partitions: readonly number[] | undefined): (partition: number) => number {
  if (partitions === undefined) return partition => partition;
  const place = new Map(partitions.map((partition, at) => [partition, at]));
  return partition => place.get(partition)!;
}

/** The columns of each partition's result; holes for those that had not answered when it was enough. */
export async function runForColumns(action: Action, sink: PlanSink, partitions?: readonly number[]): Promise<(readonly Uint8Array[])[]> {
  const all = partitions ?? allPartitions(action.node);
  const placeOf = places(partitions);
  const results: (readonly Uint8Array[])[] = new Array(all.length);
  await runAction(action, sink, all, false, (partition, columns) => {
    results[placeOf(partition)] = columns;
  });
  return results;
}

/** The columns of all results, in any order, for whoever does not ask which partition, or how many, a result is of. */
export function runAsTheyCome(action: Action, sink: PlanSink, take: (columns: readonly Uint8Array[]) => void): Promise<void> {
  return runAction(action, sink, allPartitions(action.node), true, (_partition, columns) => take(columns));
}

/** The columns of all results, in the order of their partitions, for whoever does not ask how many partitions a result is of. */
export async function runForAllColumns(action: Action, sink: PlanSink): Promise<(readonly Uint8Array[])[]> {
  const results: (readonly Uint8Array[])[] = [];
  await runAction(action, sink, allPartitions(action.node), true, (partition, columns) => {
    results[partition] = columns;
  });
  return results;
}

/**
 * The rows of all partitions, one partition after the other. They are made as the partitions come: the main thread has little
 * else to do meanwhile, and the job's end need not wait for them.
 */
export async function runForRows<T>(action: Action, sink: PlanSink, partitions?: readonly number[]): Promise<T[]> {
  const placeOf = places(partitions);
  const early = new Map<number, readonly Uint8Array[]>();
  const rows: T[] = [];
  let next = 0;
  await runAction(action, sink, partitions ?? allPartitions(action.node), partitions === undefined, (partition, columns) => {
    early.set(placeOf(partition), columns);
    for (let ready = early.get(next); ready !== undefined; ready = early.get(next)) {
      appendRows(rows, ready);
      early.delete(next++);
    }
  });
  return rows;
}

/** Appends the rows of encoded columns. */
export function appendRows(rows: unknown[], columns: readonly Uint8Array[]): void {
  for (const column of columns) append(rows, readColumn(column));
}

function append(rows: unknown[], values: ArrayLike<unknown>): void {
  for (let i = 0; i < values.length; i++) rows.push(values[i]);
}

/** Merges what blockwise sinks left in their fixed trees; undefined when no row came. */
export async function runForTree<P>(action: Action, sink: PlanSink, merge: (a: P, b: P) => P): Promise<{ readonly value: P } | undefined> {
  const branches = new Map<number, TreeNode<Box<P>>[][]>();
  await runAction(action, sink, allPartitions(action.node), true, (_partition, columns, branch) => {
    // Boxed: a partial may itself be undefined.
    const list = decodeNodes<P>(columns).map(({ level, index, partial }) => ({ level, index, partial: { value: partial } }));
    const lists = branches.get(branch);
    if (lists === undefined) branches.set(branch, [list]);
    else lists.push(list);
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
