// Where tasks run: in threads of this process, or in executors. The parts that differ between the two, put together.

import { HeddleError } from './core/errors.js';
import type { ResolvedOptions } from './core/options.js';
import type { StoredHolder } from './plan/kept.js';
import { ShuffleOutputs } from './plan/shuffle-outputs.js';
import { Heap } from './shuffle/heap/allocator.js';
import { reserveHeap } from './shuffle/heap/memory.js';
import { compileKernels } from './shuffle/kernels.js';
import { ShuffleStore } from './shuffle/store.js';
import { localFileSystem } from './storage/local-file-system.js';
import type { SpillDirectory } from './storage/spill-directory.js';
import { SpillFiles } from './storage/spill-files.js';
import type { TaskResult, TaskSpec } from './task/spec.js';
import { LocalHolder } from './task/stored/local-holder.js';
import type { Transport } from './transport/contract.js';
import { LocalTransport } from './transport/local/local.js';
import type { RemoteExecutor } from './transport/tcp/remote-executor.js';

export interface Backend {
  readonly transport: Transport<TaskSpec, TaskResult>;
  readonly store: ShuffleStore;
  readonly outputs: ShuffleOutputs;
  /** Where executors can dial, as host:port. */
  readonly address: string | undefined;
  /** Where small jobs run. */
  readonly smallJobs: 'inline' | 'pool';
  /** Tasks run in executors, which each have a heap of their own. */
  readonly hasExecutors: boolean;
  /** Who has stored rows. */
  holderOf(executor: string): StoredHolder;
  /** The directory of their files, made when it is asked for; each executor has one of its own instead. */
  directory(): string;
  /** Tasks run where the script's files may not be: modules go with the closures. */
  readonly shipsModules: boolean;
  /** The part in use of the fullest heap, 0 to 1: here, or in an executor. */
  heapUse(): number;
}

const MIB = 2 ** 20;
/** What a driver of executors has of a heap itself: room for the books of its shuffles, whose data is elsewhere. */
const BOOKS_BYTES = 256 * MIB;

/** The least heap that a process of its own can do with. */
const LEAST_SHARE = 64 * MIB;

/** Starts the threads, or the processes, or listens and dials. `warn` may be called at any time after. */
export async function openBackend(options: ResolvedOptions, spill: SpillDirectory, warn: (message: string) => void): Promise<Backend> {
  if (options.listen !== '' || options.executors.length > 0) return await remoteBackend(options, warn);
  return options.isolation === 'process' ? await processBackend(options, warn) : localBackend(options, spill);
}

function localBackend({ threads, memory, storageFraction, kernels, smallJobs }: ResolvedOptions, spill: SpillDirectory): Backend {
  const store = makeStore(memory, threads, new SpillFiles(localFileSystem, spill.location), true);
  const module = kernels === 'on' ? compileKernels() : undefined;
  const transport = new LocalTransport({ threads, heap: store.heap, store, kernels: module });
  const directory = () => spill.path();
  const holder = new LocalHolder(store.heap, localFileSystem, memory * storageFraction, directory);
  return {
    transport,
    store,
    outputs: new ShuffleOutputs(store),
    address: undefined,
    smallJobs,
    hasExecutors: false,
    holderOf: () => holder,
    directory,
    shipsModules: false,
    heapUse: () => store.heap.use,
  };
}

/** The driver's index in the heap is the one after the threads'. */
function makeStore(memory: number, threads: number, spill?: SpillFiles, isOnly = false): ShuffleStore {
  const heap = Heap.format(reserveHeap(memory), { threads: threads + 1 });
  return new ShuffleStore(Heap.open(heap.memory, threads), spill, isOnly);
}

async function remoteBackend(options: ResolvedOptions, warn: (message: string) => void): Promise<Backend> {
  // Loaded here because most contexts need none of it.
  const [{ TcpTransport }, { formatAddress, parseAddress }, { readSecret }] = await Promise.all([
    import('./transport/tcp/tcp.js'),
    import('./transport/tcp/address.js'),
    import('./transport/tcp/secret.js'),
  ]);
  const { name, listen, executors, isolation, storageFraction } = options;
  if (isolation === 'process') {
    throw new HeddleError(
      'HEDDLE_BAD_OPTION',
      "isolation: 'process' is for a context without `listen` and `executors`, which run its tasks",
      {
        data: { option: 'isolation', value: isolation },
      },
    );
  }
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
    storageFraction,
    log: warn,
  });
  const address = transport.address === undefined ? undefined : formatAddress(transport.address);
  return executorsBackend({ transport, store, outputs, storageFraction, address, shipsModules: true });
}

/** What transports to executors have beyond the contract: a look at each of them. */
interface ExecutorsTransport extends Transport<TaskSpec, TaskResult> {
  readonly heapUse: number;
  executor(id: string): RemoteExecutor | undefined;
}

interface Executors extends Pick<Backend, 'store' | 'outputs' | 'address' | 'shipsModules'> {
  readonly transport: ExecutorsTransport;
  readonly storageFraction: number;
}

function executorsBackend({ transport, store, storageFraction, ...rest }: Executors): Backend {
  return {
    transport,
    store,
    ...rest,
    smallJobs: 'pool', // what one executor writes others read: a small job, too, goes where all others go
    hasExecutors: true,
    holderOf: executor => executorHolder(transport.executor(executor), storageFraction),
    directory: () => 'of the executor',
    heapUse: () => Math.max(store.heap.use, transport.heapUse),
  };
}

/** An executor as one who has stored rows; one that is gone has none. */
function executorHolder(executor: RemoteExecutor | undefined, storageFraction: number): StoredHolder {
  const capacity = executor?.memory ?? 0;
  return {
    capacity,
    most: capacity * storageFraction,
    commit() {}, // it has, before it told of them
    free: ({ remote }) => executor?.freeStored(remote!.id),
    memoryOf: ({ remote }) => remote!.memory,
    toFile(stored) {
      const { id } = stored.remote!;
      executor?.moveStored(id);
      return { ...stored, remote: { id, memory: 0 } };
    },
  };
}

async function processBackend(options: ResolvedOptions, warn: (message: string) => void): Promise<Backend> {
  const { ProcessTransport } = await import('./transport/process/processes.js');
  const { name, threads, memory, kernels, spillDirectory, storageFraction } = options;
  const store = makeStore(Math.min(memory, BOOKS_BYTES), 0);
  const outputs: ShuffleOutputs = new ShuffleOutputs(store, shuffle => transport.freeShuffle(shuffle));
  const share = Math.max(Math.floor(memory / threads / MIB) * MIB, LEAST_SHARE);
  const transport = await ProcessTransport.open({
    name,
    processes: threads,
    memory: share,
    kernels,
    spillDirectory,
    outputs,
    storageFraction,
    log: warn,
  });
  // They have this machine's files.
  return executorsBackend({ transport, store, outputs, storageFraction, address: undefined, shipsModules: false });
}
