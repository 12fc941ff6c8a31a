import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { HeddleError } from '../../../lib/core/errors.js';
import { FixedTree, PrefixTree } from '../../../lib/task/stats/fixed-tree.js';

/** Neither associative nor commutative: the result spells out the order of merges. */
const merge = (left: string, right: string) => `(${left}${right})`;

/** The definition, by recursion over all blocks of a node. */
function reference(present: ReadonlyMap<number, string>, level: number, index: number): string | undefined {
  if (level === 0) return present.get(index);
  const left = reference(present, level - 1, 2 * index);
  const right = reference(present, level - 1, 2 * index + 1);
  if (left === undefined || right === undefined) return left ?? right;
  return merge(left, right);
}

const LEVELS = 7;
const BLOCKS = 2 ** LEVELS;

/** Which blocks have a partial, and where the partitions' ranges are cut. */
const cases = fc.record({
  blocks: fc.uniqueArray(fc.nat({ max: BLOCKS - 1 }), { maxLength: BLOCKS }).map(list => list.sort((a, b) => a - b)),
  cuts: fc.array(fc.nat({ max: BLOCKS }), { maxLength: 12 }).map(list => [0, ...list.sort((a, b) => a - b), BLOCKS]),
  base: fc.constantFrom(0, BLOCKS, 2 ** 31, 2 ** 32 - BLOCKS, 2 ** 32, 2 ** 52, 2 ** 53 - 2 * BLOCKS),
});

function runTasks(blocks: number[], cuts: number[], base: number) {
  return cuts.slice(1).map((to, i) => {
    const from = cuts[i]!;
    const tree = new FixedTree(base + from, base + to, merge);
    for (const block of blocks) if (block >= from && block < to) tree.push(base + block, `${block} `);
    return tree.nodes();
  });
}

describe('FixedTree', () => {
  test('any partitioning gives the result that the definition gives', () => {
    fc.assert(
      fc.property(cases, fc.infiniteStream(fc.nat()), ({ blocks, cuts, base }, order) => {
        const expected = reference(new Map(blocks.map(block => [block, `${block} `])), LEVELS, 0);
        const lists = runTasks(blocks, cuts, base);
        const anyOrder = lists
          .map(list => ({ list, at: order.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ list }) => list);
        assert.equal(FixedTree.join(anyOrder, merge), expected);
      }),
      { numRuns: 1000 },
    );
  });

  test('across the 2^32nd block too, and with blocks far apart', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.maxSafeNat(), { minLength: 1, maxLength: 40 }),
        fc.array(fc.maxSafeNat(), { maxLength: 6 }),
        (list, inner) => {
          const blocks = list.sort((a, b) => a - b);
          const end = Number.MAX_SAFE_INTEGER;
          const present = blocks.filter(block => block < end);
          const whole = runTasks(present, [0, end], 0);
          const cuts = [0, ...inner.sort((a, b) => a - b), end];
          assert.equal(FixedTree.join(runTasks(present, cuts, 0), merge), FixedTree.join(whole, merge));
        },
      ),
    );
    assert.equal(
      FixedTree.join(runTasks([2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1], [0, 2 ** 40], 0), merge),
      '(4294967295 (4294967296 4294967297 ))',
    );
  });

  test('of a prefix gives, after each task, what joining its tasks gives', () => {
    fc.assert(
      fc.property(cases, ({ blocks, cuts, base }) => {
        const prefix = new PrefixTree(merge);
        const lists = runTasks(blocks, cuts, base);
        const value = () => {
          const partials = prefix.partials();
          return partials.length === 0 ? undefined : partials.reduceRight((right, left) => merge(left, right));
        };
        assert.equal(value(), undefined);
        for (const [i, list] of lists.entries()) {
          for (const node of list) prefix.add(node);
          assert.equal(value(), FixedTree.join(lists.slice(0, i + 1), merge));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('a task ships few nodes, each inside its range and the largest possible', () => {
    fc.assert(
      fc.property(cases, ({ blocks, cuts, base }) => {
        for (const [i, nodes] of runTasks(blocks, cuts, base).entries()) {
          assert.ok(nodes.length <= 2 * LEVELS);
          let end = base + cuts[i]!;
          for (const { level, index } of nodes) {
            assert.ok(index * 2 ** level >= end);
            end = (index + 1) * 2 ** level;
          }
          assert.ok(end <= base + cuts[i + 1]!);
        }
      }),
    );
    const tree = new FixedTree(1, 16, merge);
    for (let block = 1; block < 16; block++) tree.push(block, block.toString(16));
    assert.deepEqual(tree.nodes(), [
      { level: 0, index: 1, partial: '1' },
      { level: 1, index: 1, partial: '(23)' },
      { level: 2, index: 1, partial: '((45)(67))' },
      { level: 3, index: 1, partial: '(((89)(ab))((cd)(ef)))' },
    ]);
  });

  test('an absent sibling adds no merge', () => {
    assert.equal(FixedTree.join(runTasks([0, 3, 4], [0, 8], 0), merge), '((0 3 )4 )');
    assert.equal(FixedTree.join(runTasks([0, 3, 4], [0, 1, 3, 8], 0), merge), '((0 3 )4 )');
  });

  test('no block at all gives undefined', () => {
    assert.equal(FixedTree.join([], merge), undefined);
    assert.equal(FixedTree.join(runTasks([], [0, 4, 8], 0), merge), undefined);
    assert.deepEqual(new FixedTree(3, 3, merge).nodes(), []);
  });

  test('each partial is handed to merge once, so merge may change it', () => {
    const append = (left: number[], right: number[]) => {
      left.push(...right.splice(0));
      return left;
    };
    const lists = [0, 3, 8, 16].slice(1).map((to, i) => {
      const from = [0, 3, 8][i]!;
      const tree = new FixedTree<number[]>(from, to, append);
      for (let block = from; block < to; block++) tree.push(block, [block]);
      return tree.nodes();
    });
    assert.deepEqual(
      FixedTree.join(lists, append),
      Array.from({ length: 16 }, (_, i) => i),
    );
  });

  test('a partial that is undefined is still a partial', () => {
    const tree = new FixedTree<number | undefined>(0, 2, (left, right) => (left ?? 10) + (right ?? 20));
    tree.push(0, undefined);
    tree.push(1, undefined);
    assert.deepEqual(tree.nodes(), [{ level: 1, index: 0, partial: 30 }]);
  });

  test('sums of floats have the same bits for any partitioning', () => {
    const add = (a: number, b: number) => a + b;
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, min: -1e10, max: 1e10 }), { minLength: 1, maxLength: 100 }),
        fc.array(fc.nat({ max: 100 })),
        (values, list) => {
          const sum = (cuts: number[]) =>
            FixedTree.join(
              cuts.slice(1).map((to, i) => {
                const tree = new FixedTree(cuts[i]!, to, add);
                for (let block = cuts[i]!; block < Math.min(to, values.length); block++) tree.push(block, values[block]!);
                return tree.nodes();
              }),
              add,
            );
          assert.equal(sum([0, ...list.sort((a, b) => a - b), 100]), sum([0, 100]));
        },
      ),
    );
  });

  test('misuse is an internal error', () => {
    const internal = (error: unknown) => error instanceof HeddleError && error.code === 'HEDDLE_INTERNAL';
    const tree = new FixedTree(4, 8, merge);
    tree.push(5, 'a');
    for (const block of [5, 4, 3, 8, NaN]) assert.throws(() => tree.push(block, 'b'), internal, `block ${block}`);
    const nodes = tree.nodes();
    assert.throws(() => tree.push(6, 'c'), internal);
    assert.throws(() => FixedTree.join([nodes, nodes], merge), internal);
    assert.throws(() => new FixedTree(5, 4, merge), internal);
    assert.throws(() => new FixedTree(-1, 4, merge), internal);
  });
});
