// A driver's transport and its executors in one process, over loopback, each with a clock that a test may hold still.
import type { Clock } from '../../../lib/core/clock.js';
import type { ErrorRecord } from '../../../lib/core/errors.js';
import type { ExecutorId, ShuffleId } from '../../../lib/core/ids.js';
import { ShuffleOutputs } from '../../../lib/plan/shuffle-outputs.js';
import { Heap } from '../../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../../lib/shuffle/heap/memory.js';
import { ShuffleStore } from '../../../lib/shuffle/store.js';
import type { Slot } from '../../../lib/transport/contract.js';
import { Executor, type ExecutorPlace } from '../../../lib/transport/tcp/executor.js';
import { TcpTransport } from '../../../lib/transport/tcp/tcp.js';

export const SECRET = 'a secret for the tests';
const MEMORY = 64 * 2 ** 20;

/** A heap for as many threads, and the driver's store in it. */
export function bookStore(threads = 0): ShuffleStore {
  const heap = Heap.format(reserveHeap(MEMORY), { threads: threads + 1 });
  return new ShuffleStore(Heap.open(heap.memory, threads));
}

/** The slots that are no places in queues. */
export function threadsOf(transport: TcpTransport): readonly Slot[] {
  return transport.slots().filter(({ ahead }) => ahead !== true);
}

export interface ClusterOptions {
  /** The threads of each executor. */
  readonly executors: readonly number[];
  /** The driver dials them. */
  readonly dialled?: boolean;
  readonly driverClock?: Clock;
  readonly executorClock?: Clock;
  readonly leaseMs?: number;
  readonly spillDirectory?: string;
}

export class Cluster {
  readonly logged: string[] = [];
  readonly executors: Executor[] = [];
  readonly lost: { readonly executor: ExecutorId; readonly error: ErrorRecord }[] = [];
  driver!: { readonly transport: TcpTransport; readonly store: ShuffleStore; readonly outputs: ShuffleOutputs };
  private readonly waiting = new Set<() => void>();

  static async open(options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster();
    const { executors, dialled = false, driverClock } = options;
    const start = (threads: number, place: Partial<ExecutorPlace>) => cluster.start(threads, options, place);
    if (dialled) for (const threads of executors) await start(threads, { listen: { host: '127.0.0.1', port: 0 } });
    const store = bookStore();
    const outputs: ShuffleOutputs = new ShuffleOutputs(store, (shuffle: ShuffleId) => transport.freeShuffle(shuffle));
    const transport = await TcpTransport.open({
      name: 'test',
      secret: SECRET,
      outputs,
      storageFraction: 0.5,
      listen: dialled ? undefined : { host: '127.0.0.1', port: 0 },
      executors: cluster.executors.map(({ address }) => address!),
      log: message => cluster.log(message),
      ...(driverClock === undefined ? {} : { clock: driverClock }),
    });
    cluster.driver = { transport, store, outputs };
    transport.subscribe({
      joined: () => cluster.wake(),
      left: () => {},
      executorLost(executor, error) {
        cluster.lost.push({ executor, error });
        cluster.wake();
      },
    });
    if (!dialled) for (const threads of executors) await start(threads, { connect: transport.address! });
    const slots = executors.reduce((sum, threads) => sum + threads, 0);
    await cluster.until(() => threadsOf(transport).length === slots);
    await cluster.until(() => cluster.logged.filter(message => message.startsWith('works for')).length === executors.length);
    return cluster;
  }

  async start(
    threads: number,
    { executorClock, leaseMs, spillDirectory }: Partial<ClusterOptions>,
    place: Partial<ExecutorPlace>,
  ): Promise<Executor> {
    const executor = await Executor.start({
      threads,
      memory: MEMORY,
      kernels: 'on',
      secret: SECRET,
      log: message => this.log(message),
      ...(executorClock === undefined ? {} : { clock: executorClock }),
      ...(leaseMs === undefined ? {} : { leaseMs }),
      ...(spillDirectory === undefined ? {} : { spillDirectory }),
      ...place,
    });
    this.executors.push(executor);
    return executor;
  }

  /** Looks at the condition whenever an executor joins or is lost, or something is logged. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>(resolve => this.waiting.add(resolve));
  }

  async close(): Promise<void> {
    await this.driver.transport.close();
    await Promise.all(this.executors.map(executor => executor.close()));
  }

  private log(message: string): void {
    this.logged.push(message);
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}
