// Executors on this machine, started by this driver, each a process with one thread and a heap of its own: what ends one of them
// ends the task of one slot, and nothing else. They are reached over TCP on the loopback interface, with a secret that is made
// for them, as executors elsewhere are. They start with this transport, are replaced when they end, and end with it, or with this
// process however that ends.

import { BACKGROUND_CLOCK, type Clock, SYSTEM_CLOCK } from '../../core/clock.js';
import { HeddleError } from '../../core/errors.js';
import { idSequence, type ShuffleId } from '../../core/ids.js';
import type { TaskResult, TaskSpec } from '../../task/spec.js';
import type { Slot, SlotListener, TaskOutcome, Transport } from '../contract.js';
import type { OutputLocations } from '../tcp/outputs.js';
import type { RemoteExecutor } from '../tcp/remote-executor.js';
import { makeSecret } from '../tcp/secret.js';
import { TcpTransport } from '../tcp/tcp.js';
import { ExecutorProcess } from './executor-process.js';
import { Place } from './place.js';

export interface ProcessOptions {
  readonly name: string;
  readonly processes: number;
  /** Bytes of the heap of each. */
  readonly memory: number;
  readonly kernels: 'on' | 'off';
  readonly spillDirectory: string;
  readonly outputs: OutputLocations;
  /** The part of a heap that stored rows may take. */
  readonly storageFraction: number;
  readonly clock?: Clock;
  log(message: string): void;
}

export class ProcessTransport implements Transport<TaskSpec, TaskResult> {
  private readonly processes = new Map<string, { readonly process: ExecutorProcess; readonly place: Place }>();
  private places: readonly Place[] = [];
  private tcp!: TcpTransport;
  private isClosing = false;
  private running = 0;
  /** Keeps this process from ending while a task runs; nothing else here does. */
  private readonly hold = setInterval(() => {}, 2 ** 30).unref();

  /** Starts the processes, and resolves when all have joined. Throws HEDDLE_NO_EXECUTORS where one does not come up. */
  static async open(options: ProcessOptions): Promise<ProcessTransport> {
    const transport = new ProcessTransport();
    try {
      await transport.start(options);
    } catch (error) {
      await transport.close();
      throw error;
    }
    return transport;
  }

  /** The part in use of the fullest of their heaps. */
  get heapUse(): number {
    return this.tcp.heapUse;
  }

  slots(): readonly Slot[] {
    return this.tcp.slots();
  }

  async run(spec: TaskSpec, slot: Slot, signal: AbortSignal): Promise<TaskOutcome<TaskResult>> {
    if (this.running++ === 0) this.hold.ref();
    const outcome = await this.tcp.run(spec, slot, signal);
    if (--this.running === 0) this.hold.unref();
    if (outcome.ok) this.processes.get(slot.executor)?.place.prove();
    return outcome;
  }

  subscribe(listener: SlotListener): () => void {
    return this.tcp.subscribe(listener);
  }

  /** The executor of this name, if it is there. */
  executor(id: string): RemoteExecutor | undefined {
    return this.tcp.executor(id);
  }

  /** Nobody reads this shuffle any more. */
  freeShuffle(shuffle: ShuffleId): void {
    this.tcp.freeShuffle(shuffle);
  }

  async close(): Promise<void> {
    this.isClosing = true;
    clearInterval(this.hold);
    await Promise.all([this.tcp?.close(), ...this.places.map(place => place.close())]);
  }

  private async start({
    name,
    processes,
    memory,
    kernels,
    spillDirectory,
    outputs,
    storageFraction,
    clock,
    log,
  }: ProcessOptions): Promise<void> {
    const secret = makeSecret();
    this.tcp = await TcpTransport.open({
      name,
      secret,
      listen: { host: '127.0.0.1', port: 0 },
      outputs,
      storageFraction,
      clock: clock ?? BACKGROUND_CLOCK,
      isBackground: true,
      starter: {
        joined: executor => this.processes.get(executor)?.process.joined(),
        ended: (executor, error) => this.fateOf(executor, error),
      },
      log,
    });
    const config = { driver: this.tcp.address!, secret, memory, kernels, spillDirectory };
    const next = idSequence<number>(1);
    this.places = Array.from({ length: processes }, () => {
      const launch = (): ExecutorProcess => this.book(new ExecutorProcess(next(), config), place);
      const place: Place = new Place(launch, clock ?? SYSTEM_CLOCK, log);
      return place;
    });
    await Promise.all(this.places.map(place => place.open()));
  }

  private book(process: ExecutorProcess, place: Place): ExecutorProcess {
    this.processes.set(process.name, { process, place });
    void process.ended.then(() => this.processes.delete(process.name));
    return process;
  }

  /** One that has fallen silent is ended, and replaced: whatever it still does is of no use. */
  private async fateOf(executor: string, error: HeddleError): Promise<HeddleError> {
    const known = this.processes.get(executor);
    if (known === undefined || this.isClosing) return error;
    known.process.kill();
    const { how, wasKilled } = await known.process.ended;
    const message = wasKilled ? `${error.message}, ${how}` : how;
    return new HeddleError('HEDDLE_EXECUTOR_LOST', message, { data: { executor }, cause: error });
  }
}
