// Reserving the memory of the heap: one shared WebAssembly memory, all of it at once where that is free.
//
// Linux and macOS give address space and no memory until a page is written, so the whole is reserved at the start and no
// view ever has to be made again. Windows counts what is reserved as used: there the heap starts small and grows, up to
// the size asked for. Where the address space is limited, half as much is tried, and so on.
import { badArgument, HeddleError } from '../../core/errors.js';
import { HEADER_ADDRESS, MAX_PAGES, MOST_PAGES, PAGE_BYTES, WASM_PAGE_BYTES } from './layout.js';

const MOST_BYTES = MOST_PAGES * PAGE_BYTES;
/** Enough for the header, the maps and a few blocks. */
const LEAST_BYTES = 1 << 20;
/** Halving stops here. */
const LEAST_WORTH_HAVING = 64 << 20;
/** What a heap that grows starts with: the page map of 4 GiB has to fit in it. */
const START_BYTES = 64 << 20;

export interface ReserveOptions {
  readonly platform?: NodeJS.Platform;
  /** Makes the memory; throws RangeError when it cannot be had. */
  readonly create?: (descriptor: WebAssembly.MemoryDescriptor) => WebAssembly.Memory;
}

/** Reserves a shared memory of `bytes`, or the largest half, quarter, ... of it that can be had, down to 64 MiB. */
export function reserveHeap(bytes: number, options: ReserveOptions = {}): WebAssembly.Memory {
  if (!Number.isFinite(bytes) || bytes < LEAST_BYTES || bytes > MOST_BYTES) {
    throw badArgument('bytes', bytes, 'a number of bytes from 1 MiB (1048576) to 4 GiB (4294967296)');
  }
  const platform = options.platform ?? process.platform;
  const create = options.create ?? (descriptor => new WebAssembly.Memory(descriptor));
  const least = Math.min(bytes, LEAST_WORTH_HAVING);
  let failure: unknown;
  for (let size = bytes; size >= least; size /= 2) {
    const maximum = Math.ceil(size / WASM_PAGE_BYTES);
    const initial = platform === 'win32' ? Math.min(maximum, START_BYTES / WASM_PAGE_BYTES) : maximum;
    try {
      const memory = create({ initial, maximum, shared: true });
      // The maximum cannot be read from a memory, and whoever lays out the heap has to know it.
      new Int32Array(memory.buffer)[HEADER_ADDRESS / 4 + MAX_PAGES] = maximum * (WASM_PAGE_BYTES / PAGE_BYTES);
      return memory;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      failure = error;
    }
  }
  throw new HeddleError(
    'HEDDLE_HEAP_RESERVE',
    `could not reserve ${bytes} bytes of shared memory, nor as little as ${least}: give the context less memory, or raise the limit of the address space (ulimit -v)`,
    { data: { bytes, least }, cause: failure },
  );
}
