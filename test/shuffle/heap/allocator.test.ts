import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Heap } from '../../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../../lib/shuffle/heap/memory.js';

const MIB = 1 << 20;
const PAGE = 4096;

function heapOf(bytes: number, threads = 4): Heap {
  return Heap.format(reserveHeap(bytes, { platform: 'linux' }), { threads });
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

describe('heap: allocate and free', () => {
  test('a block is aligned, as large as asked for in whole pages, and given back', () => {
    const heap = heapOf(16 * MIB);
    const before = heap.stats();
    for (const bytes of [1, PAGE, PAGE + 1, 300 * 1024, MIB]) {
      const address = heap.allocate(bytes);
      assert.notEqual(address, 0);
      assert.equal(address % 2 ** Math.ceil(Math.log2(roundUp(bytes))), 0);
      assert.equal(heap.sizeOf(address), roundUp(bytes));
      assert.equal(heap.stats().usedBytes, roundUp(bytes));
      assert.equal(heap.stats().blocks, 1);
      heap.verify();
      heap.free(address);
      heap.verify();
      assert.deepEqual(heap.stats(), before);
    }
  });

  test('the tail of a large block is left for others', () => {
    const heap = heapOf(2 * MIB);
    const addresses: number[] = [];
    for (let address = heap.allocate(5 * PAGE); address !== 0; address = heap.allocate(5 * PAGE)) addresses.push(address);
    // Blocks of eight pages in which five are used: the other three serve small requests.
    const small = heap.allocate(2 * PAGE);
    assert.notEqual(small, 0);
    assert.ok(small < Math.max(...addresses));
    heap.verify();
  });

  test('a full heap gives 0 and goes on when something is freed', () => {
    const heap = heapOf(MIB);
    const { freeBytes } = heap.stats();
    const addresses: number[] = [];
    for (let address = heap.allocate(PAGE); address !== 0; address = heap.allocate(PAGE)) addresses.push(address);
    assert.equal(addresses.length, freeBytes / PAGE);
    assert.deepEqual(heap.stats(), { usedBytes: freeBytes, freeBytes: 0, blocks: addresses.length, largestFree: 0 });
    heap.free(addresses[7]!);
    assert.equal(heap.allocate(2 * PAGE), 0);
    assert.equal(heap.allocate(PAGE), addresses[7]);
    assert.equal(heap.allocate(2 ** 32), 0);
  });

  test('small blocks that stay do not settle between large ones that go', () => {
    const heap = heapOf(16 * MIB);
    const large = 321 * PAGE;
    let left = heap.stats().freeBytes;
    // As jobs do: two large blocks while tasks run, and small ones that outlive them.
    for (let job = 0; left > 6 * MIB; job++) {
      const blocks = [heap.allocate(large), heap.allocate(large)];
      assert.ok(!blocks.includes(0), `no room after ${job} jobs, with ${left} bytes free`);
      heap.allocate(PAGE);
      heap.allocate(3 * PAGE);
      for (const address of blocks) heap.free(address);
      left -= 4 * PAGE;
    }
    heap.verify();
  });

  test('the lowest address is given first', () => {
    const heap = heapOf(16 * MIB);
    const first = heap.allocate(PAGE);
    const second = heap.allocate(PAGE);
    const third = heap.allocate(PAGE);
    heap.free(third);
    heap.free(first);
    assert.equal(heap.allocate(PAGE), first);
    assert.ok(first < second);
  });

  test('memory is not zeroed', () => {
    const heap = heapOf(2 * MIB);
    const address = heap.allocate(PAGE);
    heap.u8[address + 100] = 77;
    heap.free(address);
    assert.equal(heap.allocate(PAGE), address);
    assert.equal(heap.u8[address + 100], 77);
  });

  test('addresses above 2 GiB are positive and hold data up to the last byte of 4 GiB', () => {
    const heap = heapOf(2 ** 32);
    const before = heap.stats();
    const address = heap.allocate(2 ** 31);
    assert.equal(address, 2 ** 31);
    assert.equal(heap.sizeOf(address), 2 ** 31);
    heap.u8[2 ** 32 - 1] = 201;
    heap.u32[2 ** 30 - 2] = 0xfedcba98;
    heap.f64[2 ** 28] = Math.PI;
    assert.equal(heap.u8[2 ** 32 - 1], 201);
    assert.equal(heap.i32[2 ** 30 - 2], 0xfedcba98 | 0);
    assert.equal(heap.f64[address / 8], Math.PI);
    heap.setState(address, 'committed');
    heap.free(address);
    const blocks: number[] = [];
    for (let at = heap.allocate(2 ** 29); at !== 0; at = heap.allocate(2 ** 29)) blocks.push(at);
    assert.deepEqual(
      blocks,
      [1, 2, 3, 4, 5, 6, 7].map(i => i * 2 ** 29),
    );
    for (const at of blocks) heap.free(at);
    assert.deepEqual(heap.stats(), before);
    heap.verify();
  });
});

describe('heap: misuse is detected', () => {
  test('a double free, an address inside a block and foreign addresses', () => {
    const heap = heapOf(2 * MIB);
    const address = heap.allocate(4 * PAGE);
    const internal = { code: 'HEDDLE_INTERNAL' };
    for (const wrong of [0, 1, -PAGE, PAGE, address + PAGE, address + 64, 2 ** 32, 2 ** 31, Number.NaN]) {
      assert.throws(() => heap.free(wrong), internal, String(wrong));
      assert.throws(() => heap.sizeOf(wrong), internal, String(wrong));
      assert.throws(() => heap.setState(wrong, 'committed'), internal, String(wrong));
    }
    heap.free(address);
    assert.throws(() => heap.free(address), internal);
    heap.verify();
    assert.equal(heap.stats().blocks, 0);
  });

  test('arguments', () => {
    const bad = { code: 'HEDDLE_BAD_ARGUMENT' };
    const heap = heapOf(MIB, 2);
    for (const bytes of [0, -1, Number.NaN, 2 ** 32 + 1]) assert.throws(() => heap.allocate(bytes), bad);
    for (const thread of [-1, 2, 0.5]) {
      assert.throws(() => Heap.open(heap.memory, thread), bad);
      assert.throws(() => heap.releaseStaging(thread), bad);
      assert.throws(() => heap.breakLock(thread), bad);
    }
    assert.throws(() => Heap.format(heap.memory, { threads: 2 }), bad);
    assert.throws(() => Heap.open(reserveHeap(MIB), 0), bad);
    assert.throws(() => Heap.format(reserveHeap(MIB), { threads: 0 }), bad);
    assert.throws(() => Heap.format(new WebAssembly.Memory({ initial: 16 }), { threads: 1 }), bad);
  });
});

describe('heap: owners', () => {
  test('the sweep frees what its thread has in staging, and nothing else', () => {
    const heap = heapOf(4 * MIB);
    const other = Heap.open(heap.memory, 3);
    const mine = heap.allocate(PAGE);
    const kept = other.allocate(3 * PAGE);
    other.setState(kept, 'committed');
    const taken = other.allocate(5 * PAGE);
    heap.setState(taken, 'staging'); // changes hands
    for (let i = 0; i < 10; i++) other.allocate((i + 1) * PAGE);
    assert.equal(heap.releaseStaging(3), 10);
    assert.equal(heap.releaseStaging(3), 0);
    assert.equal(heap.stats().blocks, 3);
    heap.verify();
    assert.equal(heap.sizeOf(kept), 3 * PAGE);
    assert.equal(heap.releaseStaging(0), 2);
    assert.throws(() => heap.free(mine), { code: 'HEDDLE_INTERNAL' });
    heap.free(kept);
    assert.equal(heap.stats().usedBytes, 0);
    heap.verify();
  });

  test('breakLock leaves a lock alone that the thread does not hold', () => {
    const heap = heapOf(MIB);
    assert.equal(heap.breakLock(1), false);
  });
});

describe('heap: words and regions', () => {
  test('words are zeroed, aligned, apart, and end with the header', () => {
    const heap = heapOf(2 * MIB);
    const before = heap.stats();
    const first = heap.allocateWords(3);
    const second = heap.allocateWords(1);
    assert.equal(first % 8, 0);
    assert.ok(second >= first + 12);
    assert.equal(heap.i32[first / 4], 0);
    assert.equal(heap.allocateWords(1 << 20), 0);
    assert.throws(() => heap.allocateWords(0), { code: 'HEDDLE_BAD_ARGUMENT' });
    assert.deepEqual(heap.stats(), before);
  });

  test('a region is found by its name, on any thread', () => {
    const heap = heapOf(4 * MIB);
    const other = Heap.open(heap.memory, 1);
    // A large region lands where somebody's data was: it is zeroed all the same.
    const dirty = heap.allocate(MIB);
    heap.u8.fill(255, dirty, dirty + MIB);
    heap.free(dirty);
    for (const [name, bytes] of [
      ['commit-slots', 96],
      ['rings', 300_000],
      ['naïve', 4096],
    ] as const) {
      const address = heap.region(name, bytes);
      assert.equal(address % 64, 0);
      assert.ok(heap.u8.subarray(address, address + bytes).every(byte => byte === 0));
      assert.equal(other.region(name, bytes), address);
      assert.throws(() => other.region(name, bytes + 4), { code: 'HEDDLE_BAD_ARGUMENT' });
    }
    assert.equal(heap.releaseStaging(0), 0);
    assert.throws(() => heap.region('', 4), { code: 'HEDDLE_BAD_ARGUMENT' });
    assert.throws(() => heap.region('x'.repeat(49), 4), { code: 'HEDDLE_BAD_ARGUMENT' });
    assert.throws(() => heap.region('too large', 64 * MIB), { code: 'HEDDLE_HEAP_FULL' });
    for (let i = 3; i < 60; i++) heap.region(`region ${i}`, 4);
    assert.throws(() => heap.region('one too many', 4), { code: 'HEDDLE_INTERNAL' });
    heap.verify();
  });
});

describe('heap: a memory that grows', () => {
  test('it grows when it is full, and views of every opener follow', () => {
    const heap = Heap.format(reserveHeap(512 * MIB, { platform: 'win32' }), { threads: 2 });
    const other = Heap.open(heap.memory, 1);
    assert.equal(heap.memory.buffer.byteLength, 64 * MIB);
    const { freeBytes } = heap.stats();
    assert.ok(freeBytes > 500 * MIB);
    const old = other.u8;
    const address = heap.allocate(128 * MIB);
    assert.notEqual(address, 0);
    const last = address + 128 * MIB - 1;
    heap.u8[last] = 9;
    assert.equal(old[last], undefined);
    assert.equal(other.u8[last], 9);
    assert.equal(other.i32.length * 4, heap.memory.buffer.byteLength);
    heap.verify();
    assert.equal(other.allocate(512 * MIB), 0);
    let blocks = 1;
    while (other.allocate(16 * MIB) !== 0) blocks++;
    assert.equal(heap.memory.buffer.byteLength, 512 * MIB);
    assert.equal(heap.releaseStaging(0) + heap.releaseStaging(1), blocks);
    heap.verify();
    assert.deepEqual(heap.stats(), { usedBytes: 0, freeBytes, blocks: 0, largestFree: 256 * MIB });
  });
});

describe('heap: against a model', () => {
  type Step =
    | { kind: 'allocate'; bytes: number; thread: number }
    | { kind: 'free' | 'commit'; pick: number }
    | { kind: 'sweep'; thread: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('allocate' as const),
        bytes: fc.oneof(fc.integer({ min: 1, max: 5 * PAGE }), fc.integer({ min: 1, max: 3 * MIB })),
        thread: fc.nat(2),
      }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('free' as const, 'commit' as const), pick: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('sweep' as const), thread: fc.nat(2) }) },
  );

  test('no overlap, alignment, no free buddies side by side, and all comes back', () => {
    const memory = reserveHeap(8 * MIB, { platform: 'linux' });
    const heaps = [Heap.format(memory, { threads: 3 }), Heap.open(memory, 1), Heap.open(memory, 2)];
    const heap = heaps[0]!;
    const initial = heap.stats();
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        let live: { address: number; bytes: number; thread: number; staging: boolean }[] = [];
        try {
          for (const each of steps) {
            if (each.kind === 'allocate') {
              const address = heaps[each.thread]!.allocate(each.bytes);
              if (address === 0) continue;
              const bytes = roundUp(each.bytes);
              assert.equal(heap.sizeOf(address), bytes);
              assert.equal(address % 2 ** Math.ceil(Math.log2(bytes)), 0);
              assert.ok(address > 0 && address + bytes <= 8 * MIB);
              for (const block of live) assert.ok(address + bytes <= block.address || block.address + block.bytes <= address, 'overlap');
              live.push({ address, bytes, thread: each.thread, staging: true });
            } else if (each.kind === 'sweep') {
              const swept = live.filter(block => block.staging && block.thread === each.thread);
              assert.equal(heap.releaseStaging(each.thread), swept.length);
              live = live.filter(block => !swept.includes(block));
            } else if (live.length > 0) {
              const at = each.pick % live.length;
              const block = live[at]!;
              if (each.kind === 'free') {
                heaps[each.pick % 3]!.free(block.address);
                live.splice(at, 1);
              } else {
                heaps[block.thread]!.setState(block.address, 'committed');
                block.staging = false;
              }
            }
            heap.verify();
            const stats = heap.stats();
            assert.equal(stats.blocks, live.length);
            assert.equal(
              stats.usedBytes,
              live.reduce((sum, block) => sum + block.bytes, 0),
            );
          }
        } finally {
          for (const block of live) heap.free(block.address);
        }
        assert.deepEqual(heap.stats(), initial);
        heap.verify();
      }),
      { numRuns: 150 },
    );
  });
});
