// Memory for tests of the kernels: both implementations over one shared memory of 4 GiB, and places in it whose
// addresses would show a sign error. Pages that nobody writes cost nothing.
import fc from 'fast-check';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { compileKernels, type Kernels, twinKernels, wasmKernels } from '../../lib/shuffle/kernels.js';

export const memory = reserveHeap(2 ** 32);
const wasm = wasmKernels(compileKernels(), memory);
const twin = twinKernels(memory);
export const implementations: readonly (readonly [name: string, kernels: Kernels])[] = [
  ['kernel', wasm],
  ['twin', twin],
];

const MIB = 2 ** 20;
export const ARENA = 16 * MIB;
/** Where an arena starts: low, across 2 GiB, and up to the last byte of the memory. */
export const bases: readonly number[] = [MIB, 2 ** 31 - MIB, 2 ** 32 - ARENA];

/** Hands out zeroed memory from a base on; a guard behind each piece shows what wrote too far. */
export class Arena {
  private next: number;
  private readonly end: number;
  private readonly guards: number[] = [];

  constructor(base: number, bytes = ARENA) {
    this.next = base;
    this.end = base + bytes;
  }

  /** `last` puts the piece at the very end, with no room for a guard. */
  take(bytes: number, last = false): number {
    const at = last ? this.end - Math.ceil(bytes / 16) * 16 : this.next;
    new Uint8Array(memory.buffer, at, bytes).fill(0);
    if (last) return at;
    const guard = at + Math.ceil(bytes / 4) * 4;
    new Uint32Array(memory.buffer, guard, 1)[0] = 0xa5a5a5a5;
    this.guards.push(guard);
    this.next = Math.ceil((guard + 4) / 16) * 16;
    if (this.next > this.end) throw new Error('the arena is too small for this test');
    return at;
  }

  /** Whether nobody wrote behind a piece. */
  intact(): boolean {
    return this.guards.every(guard => new Uint32Array(memory.buffer, guard, 1)[0] === 0xa5a5a5a5);
  }
}

/** The bits of a double. */
export const bitsOf = (value: number): bigint => new BigUint64Array(new Float64Array([value]).buffer)[0]!;
export const doubleOf = (bits: bigint): number => new Float64Array(new BigUint64Array([bits]).buffer)[0]!;

/** Doubles that hashing, grouping or merging could get wrong; NaN in four forms. */
export const awkwardBits: readonly bigint[] = [
  ...[0, -0, 1, -1, 0.5, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, 2 ** 53, 2 ** 63, -(2 ** 63), 1e300, 5e-324],
  ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MAX_VALUE, 2 ** 31 - 0.5, -0.1],
]
  .map(bitsOf)
  .concat([0x7ff8000000000000n, 0xfff8000000000000n, 0x7ff0000000000001n, 0xffffffffffffffffn]);

/** Doubles by their bits: NaN payloads are part of the input. */
export const doubleBits = fc.oneof(
  fc.constantFrom(...awkwardBits),
  fc.double().map(bitsOf),
  fc.integer({ min: -20, max: 20 }).map(bitsOf),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
);
export const int32 = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.integer(), fc.constantFrom(2 ** 31 - 1, -(2 ** 31)));
