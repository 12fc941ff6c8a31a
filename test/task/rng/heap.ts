// A small shared memory with the kernels on it, their twins, and generators made from either.
import { readFileSync } from 'node:fs';
import * as twin from '../../../lib/shuffle/twins/random.js';
import { DrawSource, Rng } from '../../../lib/task/rng/rng.js';
import { type Seed, type SeedState, seedState } from '../../../lib/task/rng/seed.js';

export type Fill = (state: number, out: number, n: number) => void;

/** The part of WebAssembly that is used here; the library's types have it only among those of browsers. */
interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}
interface Wasm {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => WasmMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: Record<string, unknown> };
}
const wasm = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;

/** Shared memory of so many pages of 64 KiB. */
export function sharedMemory(pages: number): WasmMemory {
  return new wasm.Memory({ initial: pages, maximum: 65536, shared: true });
}

export const memory = sharedMemory(8);

export function kernelFill(onto: WasmMemory): Fill {
  const bytes = readFileSync(new URL('../../../native-shuffle/kernels.wasm', import.meta.url));
  const env = {
    memory: onto,
    abort() {
      throw new Error('abort in a kernel');
    },
  };
  return new wasm.Instance(new wasm.Module(bytes), { env }).exports.fillUniform as Fill;
}

export const kernel: Fill = kernelFill(memory);
export const twinFill: Fill = (state, out, n) => twin.fillUniform(memory.buffer, state, out, n);

/** Generators have regions of their own, because a test may use several at once. */
let regions = 0;
const MOST_REGIONS = 10;

/** An Rng that is taken to another stream by itself, where a compiled loop would make another one. */
export class StartableRng extends Rng {
  constructor(private readonly from: DrawSource) {
    super(from);
  }

  start(seed: SeedState, operator: number, block: number): void {
    this.from.start(seed, operator, block);
    Object.assign(this, new Rng(this.from));
  }
}

export function rngOn(fill: Fill): StartableRng {
  const address = 16 + Math.ceil(DrawSource.bytes / 16) * 16 * (regions++ % MOST_REGIONS);
  return new StartableRng(new DrawSource({ buffer: memory.buffer, address, fill }));
}

export function started(seed: Seed, operator = 0, block = 0, fill = kernel): StartableRng {
  const rng = rngOn(fill);
  rng.start(seedState(seed), operator, block);
  return rng;
}

export function draw(n: number, next: () => number): Float64Array {
  const values = new Float64Array(n);
  for (let i = 0; i < n; i++) values[i] = next();
  return values;
}
