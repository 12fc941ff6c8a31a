// Operators that go by the place of a row: partitions of several RDDs side by side, rows with numbers.

import { readColumn } from '../codec/column.js';
import { badArgument } from '../core/errors.js';
import { Deferred } from '../plan/deferred.js';
import type { Node } from '../plan/lineage.js';
import { partsNode, shipped } from './make.js';
import type { RDD } from './rdd.js';
import type { RddBase } from './rdd-base.js';
import { SetOperators } from './set-operators.js';
import type { Row } from './types.js';

/** RDDs beside this one that zipPartitions takes at most. */
const MOST_OTHERS = 3;

export class ZipOperators<T> extends SetOperators<T> {
  /**
   * Pairs of the rows in the same place. Both must have as many partitions, or the call throws, and as many rows in each of
   * them, or the job ends with HEDDLE_UNEQUAL.
   */
  zip<U>(other: RDD<U>): RDD<[T, U]> {
    checkPartners(this, [other], 'zip(other)');
    return this.derive(sideBySide(this, [other], 'zip', { kind: 'zip' }));
  }

  /** The partitions of this RDD and of one to three others, as iterators, through f. All must have as many partitions. */
  zipPartitions<U, V extends Row>(other: RDD<U>, f: (rows: IterableIterator<T>, others: IterableIterator<U>) => Iterable<V>): RDD<V>;
  zipPartitions<U, W, V extends Row>(
    other: RDD<U>,
    third: RDD<W>,
    f: (rows: IterableIterator<T>, others: IterableIterator<U>, thirds: IterableIterator<W>) => Iterable<V>,
  ): RDD<V>;
  zipPartitions<U, W, X, V extends Row>(
    other: RDD<U>,
    third: RDD<W>,
    fourth: RDD<X>,
    f: (rows: IterableIterator<T>, others: IterableIterator<U>, thirds: IterableIterator<W>, fourths: IterableIterator<X>) => Iterable<V>,
  ): RDD<V>;
  zipPartitions(...args: readonly unknown[]): RDD<never> {
    const others = args.slice(0, -1);
    if (others.length === 0 || others.length > MOST_OTHERS) {
      throw badArgument('zipPartitions(...others, f)', others.length, `1 to ${MOST_OTHERS} RDDs before the function`);
    }
    checkPartners(this, others, 'zipPartitions(...others)');
    const f = shipped(this.session, args.at(-1), 'zipPartitions(f)');
    return this.derive(sideBySide(this, others as RddBase[], 'zipPartitions', { kind: 'call', f }));
  }

  /**
   * [row, index], counted over all partitions. Where there are several, the first job that needs it counts the rows of all
   * but the last one before, once.
   */
  zipWithIndex(): RDD<[T, number]> {
    const { node } = this;
    const rule = { kind: 'number', step: 1 } as const;
    return this.derive(partsNode(this.session, [node], 'zipWithIndex', { ...each(node), rule, firsts: firstIndices(node) }));
  }

  /** [row, number], no number twice: those of partition p are p, n + p, 2 n + p, ... of n partitions. Needs no job. */
  zipWithUniqueId(): RDD<[T, number]> {
    const { node } = this;
    const rule = { kind: 'number', step: node.partitions } as const;
    return this.derive(partsNode(this.session, [node], 'zipWithUniqueId', { ...each(node), rule, firsts: Deferred.of(p => p) }));
  }
}

/** Each partition as it is. */
const each = ({ partitions }: Node) => ({ partitions, partsOf: (partition: number) => [{ parent: 0, partition }] });

function checkPartners(rdd: RddBase, others: readonly unknown[], argument: string): void {
  for (const other of others) rdd.checkKin(other, argument);
  const { partitions } = rdd.node;
  for (const { node } of others as RddBase[]) {
    if (node.partitions === partitions) continue;
    throw badArgument(argument, node.partitions, `as many partitions as this RDD has, ${partitions}; repartition or coalesce one of them`);
  }
}

function sideBySide(rdd: RddBase, others: readonly RddBase[], name: string, rule: Parameters<typeof partsNode>[3]['rule']): Node {
  const nodes = [rdd.node, ...others.map(other => other.node)];
  const partsOf = (partition: number) => nodes.map((_, parent) => ({ parent, partition }));
  return partsNode(rdd.session, nodes, name, { rule, partitions: rdd.node.partitions, partsOf });
}

/** The index of each partition's first row: from the numbers of rows, which a job must count where the source does not tell them. */
function firstIndices(node: Node): Deferred<(partition: number) => number> {
  if (node.partitions < 2) return Deferred.of(() => 0);
  const partitions = Array.from({ length: node.partitions - 1 }, (_, partition) => partition);
  const known = partitions.map(partition => rowsOf(node, partition));
  if (known.every(rows => rows !== undefined)) return Deferred.of(sumsOf(known));
  return Deferred.ask({
    action: 'zipWithIndex',
    node,
    sink: () => ({ kind: 'count' }),
    partitions,
    answer: results => sumsOf(results.map(([column]) => readColumn(column!)[0] as number)),
  });
}

function sumsOf(rows: readonly number[]): (partition: number) => number {
  const firsts = new Float64Array(rows.length + 1);
  for (let i = 0; i < rows.length; i++) firsts[i + 1] = firsts[i]! + rows[i]!;
  return partition => firsts[partition]!;
}

const ONE_TO_ONE: ReadonlySet<string> = new Set(['map', 'keyBy', 'mapValues', 'trial', 'mapWithRng']);

/** Rows of a partition, where it can be said without running anything. */
function rowsOf(node: Node, partition: number): number | undefined {
  if (node.checkpoint?.cut !== undefined) return undefined;
  if (node.kind === 'source') {
    const input = node.input(partition);
    return input.kind === 'range' || input.kind === 'rows' ? input.rows : undefined;
  }
  if (node.kind === 'mapAsync') return rowsOf(node.parent, partition);
  return node.kind === 'operator' && ONE_TO_ONE.has(node.operator) ? rowsOf(node.parent, partition) : undefined;
}
