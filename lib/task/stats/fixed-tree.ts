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
  joint: number;
  before: Pending<P> | undefined;
}

export class FixedTree<P> {
  private readonly stack: Stack<P>;
  private next: number;
  private open = true;

  /** The tree of a task that covers the blocks [from, to). */
  constructor(
    from: number,
    private readonly to: number,
    merge: Merge<P>,
  ) {
    if (!(Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from <= to)) {
      throw new HeddleError('HEDDLE_INTERNAL', `no range of blocks: [${from}, ${to})`);
    }
    this.next = from;
    this.stack = new Stack(from, merge);
  }

  /** Adds a block's partial. Blocks come in increasing order; those left out are absent. */
  push(block: number, partial: P): void {
    if (!this.open || !(block >= this.next && block < this.to)) {
      throw new HeddleError('HEDDLE_INTERNAL', `block ${block} is not in [${this.next}, ${this.to}), or came after nodes()`);
    }
    this.next = block + 1;
    this.stack.append(0, block, partial);
  }

  /** The partials of the largest nodes inside the task's range, left to right. Ends the tree: no block may follow. */
  nodes(): TreeNode<P>[] {
    this.open = false;
    const { stack, to } = this;
    // Pending pairs further left meet at nodes that contain this one, so once one reaches over an edge they all do.
    while (stack.jointEnd <= to && stack.unite());
    return stack.nodes();
  }

  /** The result over all tasks, given each one's nodes in any order; undefined when no block had a partial. */
  static join<P>(lists: Iterable<readonly TreeNode<P>[]>, merge: Merge<P>): P | undefined {
    const nodes: TreeNode<P>[] = [];
    for (const list of lists) for (const node of list) nodes.push(node);
    nodes.sort((a, b) => startOf(a) - startOf(b));
    const stack = new Stack(0, merge);
    let end = 0;
    for (const node of nodes) {
      const start = startOf(node);
      if (start < end) throw new HeddleError('HEDDLE_INTERNAL', `block ${start} was given by two tasks`);
      end = start + 2 ** node.level;
      stack.append(node.level, start, node.partial);
    }
    while (stack.unite());
    return stack.nodes()[0]?.partial;
  }
}

/**
 * The tree over a prefix of the blocks, which grows: nodes come from left to right, and after each the result so far can be
 * had, the same as `join` gives for these nodes. `merge` must change neither of its arguments.
 */
export class PrefixTree<P> {
  private readonly stack: Stack<P>;

  constructor(merge: Merge<P>) {
    this.stack = new Stack(0, merge);
  }

  add(node: TreeNode<P>): void {
    this.stack.append(node.level, startOf(node), node.partial);
  }

  /** The partials of which the result is made: merged from the last to the first, the left one before what is right of it. */
  partials(): P[] {
    return this.stack.nodes().map(({ partial }) => partial);
  }
}

/** The pending nodes. Used again and again: a block may be a row, and an object for each would cost more than to merge them. */
class Stack<P> {
  private last: Pending<P> | undefined;
  private spare: Pending<P> | undefined;

  /** No node that begins before the block `from` is made. */
  constructor(
    private readonly from: number,
    private readonly merge: Merge<P>,
  ) {}

  /** Adds a node, after uniting the pending ones that it proves complete: they meet below where it meets them. */
  append(level: number, start: number, partial: P): void {
    const joint = this.last === undefined ? 0 : jointLevel(this.last.start, start);
    while (this.last !== undefined && this.last.joint < joint && this.unite());
    const node = this.spare;
    if (node === undefined) {
      this.last = { level, start, partial, joint, before: this.last };
      return;
    }
    this.spare = node.before;
    node.level = level;
    node.start = start;
    node.partial = partial;
    node.joint = joint;
    node.before = this.last;
    this.last = node;
  }

  /** Replaces the last two nodes by the one that unites them, which may begin with absent blocks; false if there is none to be made. */
  unite(): boolean {
    const { last } = this;
    const before = last?.before;
    if (last === undefined || before === undefined) return false;
    const start = floorTo(last.start, last.joint);
    if (start < this.from) return false;
    before.start = start;
    before.level = last.joint;
    before.partial = this.merge(before.partial, last.partial);
    this.last = before;
    last.before = this.spare;
    this.spare = last;
    return true;
  }

  /** The block behind the node that would unite the last two. */
  get jointEnd(): number {
    return this.last === undefined ? 0 : floorTo(this.last.start, this.last.joint) + 2 ** this.last.joint;
  }

  nodes(): TreeNode<P>[] {
    const nodes: TreeNode<P>[] = [];
    for (let at = this.last; at !== undefined; at = at.before) {
      nodes.push({ level: at.level, index: at.start / 2 ** at.level, partial: at.partial });
    }
    return nodes.reverse();
  }
}

function startOf({ level, index }: TreeNode<unknown>): number {
  return index * 2 ** level;
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
