// What a thread leaves behind that is terminated between any two writes of an operation, and that rebuild() makes it whole.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FreeBitmap } from '../../../lib/shuffle/heap/free-bitmap.js';
import { FIRST_PAGE, MAX_PAGES, PAGES } from '../../../lib/shuffle/heap/layout.js';
import { PageMap, STAGING } from '../../../lib/shuffle/heap/page-map.js';

const MAX = 512;
const FIRST = 11;
const SMALLER = 300;

class Terminated extends Error {}

/** The words of a heap; `left` more writes go through, then the writer is gone. */
class World {
  readonly words: Int32Array[];
  constructor(words = [new Int32Array(64), new Int32Array(MAX), new Int32Array(FreeBitmap.words(MAX))]) {
    this.words = words;
  }
  copy(): World {
    return new World(this.words.map(words => words.slice()));
  }
  pages(): PageMap {
    const [header, map, free] = this.words as [Int32Array, Int32Array, Int32Array];
    return new PageMap(header, map, new FreeBitmap(header, free, MAX));
  }
  mortalPages(left: { writes: number }): PageMap {
    const [header, map, free] = this.words.map(
      words =>
        new Proxy(words, {
          get: (target, key) => (key === 'length' ? target.length : (target as unknown as Record<PropertyKey, unknown>)[key]),
          set: (target, key, value) => {
            if (left.writes-- <= 0) throw new Terminated();
            target[Number(key)] = value as number;
            return true;
          },
        }),
    ) as [Int32Array, Int32Array, Int32Array];
    // Reading the state of a block goes through Atomics, which take real arrays only.
    const real = this.pages();
    const mortal = new PageMap(header, map, new FreeBitmap(header, free, MAX));
    mortal.pagesOf = page => real.pagesOf(page);
    return mortal;
  }
}

function fresh(end = MAX): World {
  const world = new World();
  world.words[0]![MAX_PAGES] = MAX;
  world.words[0]![FIRST_PAGE] = FIRST;
  world.words[0]![PAGES] = FIRST;
  world.pages().extend(end);
  return world;
}

/** Runs `operation` cut short after 0, 1, 2, ... writes; hands each rebuilt world, and whether it was the last, to `check`. */
function cutEverywhere(world: World, operation: (pages: PageMap) => void, check: (world: World, writes: number) => void): number {
  for (let writes = 0; ; writes++) {
    const cut = world.copy();
    let ended = false;
    try {
      operation(cut.mortalPages({ writes }));
      ended = true;
    } catch (error) {
      if (!(error instanceof Terminated)) throw error;
    }
    if (!ended) cut.pages().rebuild();
    cut.pages().verify();
    check(cut, writes);
    if (ended) return writes;
  }
}

describe('page map: a thread terminated inside', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 12 });

  test('claim: the block is given, or it is not', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: 120 }), (taken, size) => {
        const world = fresh();
        const blocks = taken.map(pages => world.pages().claim(pages, STAGING, 1)).filter(page => page !== 0);
        blocks.forEach((page, i) => {
          if (i % 2 === 0) world.pages().release(page);
        });
        const before = world.pages().stagingOf(1);
        cutEverywhere(
          world,
          pages => pages.claim(size, STAGING, 2),
          cut => {
            assert.deepEqual(cut.pages().stagingOf(1), before);
            const given = cut.pages().stagingOf(2);
            assert.ok(given.length <= 1);
            for (const page of given) {
              assert.equal(cut.pages().pagesOf(page), size);
              cut.pages().release(page);
            }
            for (const page of before) cut.pages().release(page);
            assert.deepEqual(cut.words, fresh().words);
          },
        );
      }),
      { numRuns: 40 },
    );
  });

  test('release: the block is in use, or it is free', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (taken, pick) => {
        const world = fresh();
        const blocks = taken.map((pages, i) => world.pages().claim(pages, STAGING, i)).filter(page => page !== 0);
        const target = blocks[pick % blocks.length]!;
        cutEverywhere(
          world,
          pages => pages.release(target),
          cut => {
            for (let owner = 0; owner < taken.length; owner++) {
              for (const page of cut.pages().stagingOf(owner)) {
                assert.ok(blocks.includes(page));
                cut.pages().release(page);
              }
            }
            assert.deepEqual(cut.words, fresh().words);
          },
        );
      }),
      { numRuns: 40 },
    );
  });

  test('extend: the pages are there, or they are not', () => {
    const world = fresh(SMALLER);
    const writes = cutEverywhere(
      world,
      pages => pages.extend(MAX),
      cut => {
        if (cut.words[0]![PAGES] === SMALLER) cut.pages().extend(MAX);
        assert.deepEqual(cut.words, fresh().words);
      },
    );
    assert.ok(writes > 3);
  });

  test('rebuild: may itself be cut short', () => {
    const world = fresh();
    const blocks = [40, 3, 70, 1].map(pages => world.pages().claim(pages, STAGING, 0));
    try {
      world.mortalPages({ writes: 3 }).release(blocks[2]!);
      assert.fail('the release took fewer writes than this test cuts it after');
    } catch (error) {
      if (!(error instanceof Terminated)) throw error;
    }
    cutEverywhere(
      world,
      pages => pages.rebuild(),
      cut => {
        for (const page of cut.pages().stagingOf(0)) cut.pages().release(page);
        assert.deepEqual(cut.words, fresh().words);
      },
    );
  });
});

describe('page map: verify', () => {
  test('sees a damaged entry, bit or counter', () => {
    const good = fresh();
    const page = good.pages().claim(5, STAGING, 0);
    good.pages().verify();
    for (const damage of [
      (world: World) => (world.words[1]![page] = 0),
      (world: World) => (world.words[1]![page + 1] = world.words[1]![page]!),
      (world: World) => (world.words[2]![0]! ^= 1 << (page % 32)),
      (world: World) => (world.words[0]![5]! += 1),
    ]) {
      const world = good.copy();
      damage(world);
      assert.throws(() => world.pages().verify(), { code: 'HEDDLE_INTERNAL' });
    }
  });
});
