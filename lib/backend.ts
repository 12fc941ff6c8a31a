// Where tasks run: in threads of this process, or in executors. The parts that differ between the two, put together.

import { HeddleError } from './core/errors.js';
import type { ResolvedOptions } from './core/options.js';
import { ShuffleOutputs } from './plan/shuffle-outputs.js';
import { Heap } from './shuffle/heap/allocator.js';
import { reserveHeap } from './shuffle/heap/memory.js';
import { compileKernels } from './shuffle/kernels.js';
import { ShuffleStore } from './shuffle/store.js';
import type { SpillFiles } from './storage/spill-files.js';
import type { TaskResult, TaskSpec } from './task/spec.js';
import type { Transport } from './transport/contract.js';
import { LocalTransport } from './transport/local/local.js';

export interface Backend {
  readonly transport: Transport<TaskSpec, TaskResult>;
  readonly store: ShuffleStore;
  readonly outputs: ShuffleOutputs;
  /** Where executors can dial, as host:port. */
  readonly address: string | undefined;
  /** Where small jobs run. */
  readonly smallJobs: 'inline' | 'pool';
}

/** What a driver of executors has of a heap itself: room for the books of its shuffles, whose data is elsewhere. */
const BOOKS_BYTES = 256 * 2 ** 20;

/** Starts the threads, or listens and dials. `warn` may be called at any time after. */
export async function openBackend(options: ResolvedOptions, spill: SpillFiles, warn: (message: string) => void): Promise<Backend> {
  return options.listen === '' && options.executors.length === 0 ? localBackend(options, spill) : await remoteBackend(options, warn);
}

function localBackend({ threads, memory, kernels, smallJobs }: ResolvedOptions, spill: SpillFiles): Backend {
  const store = makeStore(memory, threads, spill);
  const module = kernels === 'on' ? compileKernels() : undefined;
  const transport = new LocalTransport({ threads, heap: store.heap, store, kernels: module });
  return { transport, store, outputs: new ShuffleOutputs(store), address: undefined, smallJobs };
}

/** The driver's index in the heap is the one after the threads'. */
function makeStore(memory: number, threads: number, spill?: SpillFiles): ShuffleStore {
  const heap = Heap.format(reserveHeap(memory), { threads: threads + 1 });
  return new ShuffleStore(Heap.open(heap.memory, threads), spill);
}

async function remoteBackend(options: ResolvedOptions, warn: (message: string) => void): Promise<Backend> {
  // Loaded here because most contexts need none of it.
  const [{ TcpTransport }, { formatAddress, parseAddress }, { readSecret }] = await Promise.all([
    import('./transport/tcp/tcp.js'),
    import('./transport/tcp/address.js'),
    import('./transport/tcp/secret.js'),
  ]);
  const { name, listen, executors } = options;
  const secret = readSecret(options);
  if (secret === undefined) {
    throw new HeddleError('HEDDLE_SECRET', 'executors need a secret: set HEDDLE_SECRET here and there, or give the option secretFile');
  }
  const store = makeStore(Math.min(options.memory, BOOKS_BYTES), 0);
  const outputs: ShuffleOutputs = new ShuffleOutputs(store, shuffle => transport.freeShuffle(shuffle));
  const transport = await TcpTransport.open({
    name,
    secret,
    listen: listen === '' ? undefined : parseAddress('listen', listen),
    executors: executors.map(address => parseAddress('executors', address)),
    outputs,
    log: warn,
  });
  const address = transport.address === undefined ? undefined : formatAddress(transport.address);
  // What one executor writes others read: a small job, too, goes where all others go.
  return { transport, store, outputs, address, smallJobs: 'pool' };
}
