// The nodes of a tree as columns come back as they were.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TreeNode } from '../../../lib/task/stats/fixed-tree.js';
import { decodeNodes, encodeNodes } from '../../../lib/task/stats/tree-columns.js';

test('nodes come back from columns', () => {
  const lists: TreeNode<unknown>[][] = [
    [],
    [{ level: 3, index: 7, partial: undefined }],
    [
      { level: 0, index: 2 ** 45, partial: 0.1 },
      { level: 40, index: 33, partial: Number.NaN },
    ],
    [
      { level: 1, index: 0, partial: 'a' },
      { level: 0, index: 2, partial: [1, { b: null }] },
      { level: 0, index: 3, partial: 4n },
    ],
  ];
  for (const nodes of lists) assert.deepEqual(decodeNodes(encodeNodes(nodes, partial => partial)), nodes);
  assert.deepEqual(
    decodeNodes(encodeNodes(lists[2]!, String)).map(({ partial }) => partial),
    ['0.1', 'NaN'],
  );
});
