// Merges the partial results of element blocks in an order that depends on the blocks' indices alone, so that a sum of
// floats, or any merge that is not associative, gives the same bits for any number of partitions, threads and retries.
//
// The order is a binary tree. Node (level, index) stands for the blocks [index * 2^level, (index + 1) * 2^level); its
// children are (level - 1, 2 * index) and (level - 1, 2 * index + 1); node (0, k) is block k. A node's partial is
// - merge(left, right) when both children have one,
// - the child's own, untouched, when only one has (so absent blocks cost nothing and add no merge),
// - none when neither has.
// The result is the partial of the root, of whatever level covers all blocks.
//
// A task has the blocks [from, to) and computes every node that lies wholly inside: there it knows that a block it was not
// given is absent. Nodes that reach over an edge are left for `join`, which sees all tasks' nodes.
//
// In both places the tree is never built. Blocks come in increasing order; the node that first unites two neighbours has
// the level of the highest bit in which their indices differ, and between two neighbours with a given level on either side
// the lower one merges first. So a stack of pending partials, at most one a level, is all there is.

import { HeddleError } from '../../core/errors.js';

/** The partial of a finished node: plain data if the partial is. */
export interface TreeNode<P> {
  readonly level: number;
  readonly index: number;
  readonly partial: P;
}

/** Merges the partials of two neighbours, the left one first. It may change and return either: each is used once. */
export type Merge<P> = (left: P, right: P) => P;

interface Pending<P> {
  level: number;
  /** Its first block. */
  start: number;
  partial: P;
  /** The level of the node that unites this with the pending one before it. */
  readonly joint: number;
}

export class FixedTree<P> {
  private readonly stack: Pending<P>[] = [];
  private next: number;
  private open = true;

  /** The tree of a task that covers the blocks [from, to). */
  constructor(
    private readonly from: number,
    private readonly to: number,
    private readonly merge: Merge<P>,
  ) {
    if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to)) {
      throw new HeddleError('HEDDLE_INTERNAL', `no range of blocks: [${from}, ${to})`);
    }
    this.next = from;
  }

  /** Adds a block's partial. Blocks come in increasing order; those left out are absent. */
  push(block: number, partial: P): void {
    if (!this.open || !(block >= this.next && block < this.to)) {
      throw new HeddleError('HEDDLE_INTERNAL', `block ${block} is not in [${this.next}, ${this.to}), or came after nodes()`);
    }
    this.next = block + 1;
    append(this.stack, 0, block, partial, this.from, this.merge);
  }

  /** The partials of the largest nodes inside the task's range, left to right. Ends the tree: no block may follow. */
  nodes(): TreeNode<P>[] {
    this.open = false;
    const { stack, from, to, merge } = this;
    while (stack.length > 1) {
      const { joint } = stack[stack.length - 1]!;
      // Pending pairs further left meet at nodes that contain this one, so once one reaches over an edge they all do.
      if (!jointInside(stack, from) || jointStart(stack) + 2 ** joint > to) break;
      unite(stack, merge);
    }
    return stack.map(({ level, start, partial }) => ({ level, index: start / 2 ** level, partial }));
  }

  /** The result over all tasks, given each one's nodes in any order; undefined when no block had a partial. */
  static join<P>(lists: Iterable<readonly TreeNode<P>[]>, merge: Merge<P>): P | undefined {
    const nodes: TreeNode<P>[] = [];
    for (const list of lists) for (const node of list) nodes.push(node);
    nodes.sort((a, b) => startOf(a) - startOf(b));
    const stack: Pending<P>[] = [];
    let end = 0;
    for (const node of nodes) {
      const start = startOf(node);
      if (start < end) throw new HeddleError('HEDDLE_INTERNAL', `block ${start} was given by two tasks`);
      end = start + 2 ** node.level;
      append(stack, node.level, start, node.partial, 0, merge);
    }
    while (stack.length > 1) unite(stack, merge);
    return stack[0]?.partial;
  }
}

/**
 * The tree over a prefix of the blocks, which grows: nodes come from left to right, and after each the result so far can be
 * had, the same as `join` gives for these nodes. `merge` must change neither of its arguments.
 */
export class PrefixTree<P> {
  private readonly stack: Pending<P>[] = [];

  constructor(private readonly merge: Merge<P>) {}

  add(node: TreeNode<P>): void {
    append(this.stack, node.level, startOf(node), node.partial, 0, this.merge);
  }

  /** The partials of which the result is made: merged from the last to the first, the left one before what is right of it. */
  partials(): P[] {
    return this.stack.map(({ partial }) => partial);
  }
}

/** Puts a node on the stack, after uniting the pending ones that it proves complete: they meet below where it meets them. */
function append<P>(stack: Pending<P>[], level: number, start: number, partial: P, from: number, merge: Merge<P>): void {
  const joint = stack.length === 0 ? 0 : jointLevel(stack[stack.length - 1]!.start, start);
  while (stack.length > 1 && stack[stack.length - 1]!.joint < joint && jointInside(stack, from)) unite(stack, merge);
  stack.push({ level, start, partial, joint });
}

/** Replaces the last two pending nodes by the one that unites them; it begins where the left one does, or before absent blocks. */
function unite<P>(stack: Pending<P>[], merge: Merge<P>): void {
  const right = stack.pop()!;
  const left = stack[stack.length - 1]!;
  left.start = floorTo(left.start, right.joint);
  left.level = right.joint;
  left.partial = merge(left.partial, right.partial);
}

function startOf({ level, index }: TreeNode<unknown>): number {
  return index * 2 ** level;
}

/** The first block of the node that unites the last two pending ones. */
function jointStart<P>(stack: Pending<P>[]): number {
  const { start, joint } = stack[stack.length - 1]!;
  return floorTo(start, joint);
}

function jointInside<P>(stack: Pending<P>[], from: number): boolean {
  return jointStart(stack) >= from;
}

/** The first block of the node of a level that a block is in. */
function floorTo(block: number, level: number): number {
  return block <= 0x7fffffff && level < 31 ? (block >> level) << level : Math.floor(block / 2 ** level) * 2 ** level;
}

/** The level of the lowest node that contains two different blocks. Indices have up to 53 bits: two words. */
function jointLevel(a: number, b: number): number {
  if (a <= 0x7fffffff && b <= 0x7fffffff) return 32 - Math.clz32(a ^ b);
  const upper = (a / 0x100000000) ^ (b / 0x100000000);
  return upper === 0 ? 32 - Math.clz32(a ^ b) : 64 - Math.clz32(upper);
}
