// Merges partial results of blocks in one binary tree over the block numbers, so that the result depends on the blocks
// alone and not on which task had which: node (level, index) covers blocks index * 2^level up to (index + 1) * 2^level.
// A block without rows has no partial; a node with one present child is that child.

export interface TreeNode<P> {
  readonly level: number;
  readonly index: number;
  readonly partial: P;
}

export class FixedTree<P> {
  /** Nodes that wait for their sibling: in block order, none an ancestor or sibling of another. */
  private stack: TreeNode<P>[] = [];

  constructor(private readonly merge: (a: P, b: P) => P) {}

  /** Adds a block's partial; blocks come in increasing order. */
  push(block: number, partial: P): void {
    this.add({ level: 0, index: block, partial });
  }

  nodes(): readonly TreeNode<P>[] {
    return this.stack;
  }

  private add(node: TreeNode<P>): void {
    let top = this.stack[this.stack.length - 1];
    while (top !== undefined && top.level === node.level && top.index === node.index - 1 && node.index % 2 === 1) {
      this.stack.pop();
      node = { level: node.level + 1, index: (node.index - 1) / 2, partial: this.merge(top.partial, node.partial) };
      top = this.stack[this.stack.length - 1];
    }
    this.stack.push(node);
  }

  /** All partials of all tasks, whose nodes are in block order, in one; undefined when there are none. */
  static join<P>(lists: readonly (readonly TreeNode<P>[])[], merge: (a: P, b: P) => P): { readonly value: P } | undefined {
    let nodes: TreeNode<P>[] = lists.flat();
    if (nodes.length === 0) return undefined;
    // Level by level: each node of the lowest level meets its sibling, or rises alone.
    for (let level = 0; nodes.length > 1; level++) {
      const risen: TreeNode<P>[] = [];
      for (const node of nodes) {
        const up = node.level > level ? node : { level: level + 1, index: Math.floor(node.index / 2), partial: node.partial };
        const last = risen[risen.length - 1];
        if (node.level === level && last !== undefined && last.level === up.level && last.index === up.index) {
          risen[risen.length - 1] = { ...up, partial: merge(last.partial, up.partial) };
        } else risen.push(up);
      }
      nodes = risen;
    }
    return { value: nodes[0]!.partial };
  }
}
