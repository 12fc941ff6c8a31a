import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { reserveHeap } from '../../../lib/shuffle/heap/memory.js';

const MIB = 1 << 20;

describe('reserveHeap', () => {
  test('reserves all at once, shared', () => {
    const memory = reserveHeap(3 * MIB + 1, { platform: 'linux' });
    assert.ok(memory.buffer instanceof SharedArrayBuffer);
    assert.equal(memory.buffer.byteLength, 3 * MIB + 65536);
    assert.throws(() => memory.grow(1), RangeError);
  });

  test('starts small where reserved memory counts as used', () => {
    const memory = reserveHeap(1024 * MIB, { platform: 'win32' });
    assert.equal(memory.buffer.byteLength, 64 * MIB);
    memory.grow((960 * MIB) / 65536);
    assert.equal(memory.buffer.byteLength, 1024 * MIB);
    assert.throws(() => memory.grow(1), RangeError);
    assert.equal(reserveHeap(2 * MIB, { platform: 'win32' }).buffer.byteLength, 2 * MIB);
  });

  test('halves until it fits', () => {
    const tried: number[] = [];
    const memory = reserveHeap(4096 * MIB, {
      platform: 'linux',
      create: descriptor => {
        tried.push(descriptor.maximum! / 16);
        if (descriptor.maximum! > 300 * 16) throw new RangeError('could not allocate memory');
        return new WebAssembly.Memory(descriptor);
      },
    });
    assert.deepEqual(tried, [4096, 2048, 1024, 512, 256]);
    assert.equal(memory.buffer.byteLength, 256 * MIB);
  });

  test('gives up below 64 MiB', () => {
    const tried: number[] = [];
    const create = (descriptor: WebAssembly.MemoryDescriptor): never => {
      tried.push(descriptor.maximum! / 16);
      throw new RangeError('could not allocate memory');
    };
    assert.throws(() => reserveHeap(200 * MIB, { create }), { code: 'HEDDLE_HEAP_RESERVE' });
    assert.deepEqual(tried, [200, 100]);
    assert.throws(() => reserveHeap(16 * MIB, { create }), { code: 'HEDDLE_HEAP_RESERVE' });
    assert.deepEqual(tried, [200, 100, 16]);
  });

  test('passes other failures on, and refuses sizes that make no sense', () => {
    const defect = new TypeError('not a memory');
    const create = (): never => {
      throw defect;
    };
    assert.throws(() => reserveHeap(200 * MIB, { create }), defect);
    for (const bytes of [0, MIB - 1, 2 ** 32 + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => reserveHeap(bytes), { code: 'HEDDLE_BAD_ARGUMENT' });
    }
  });
});
