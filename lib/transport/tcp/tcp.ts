// The transport to executors on other machines, or in other processes of this one. They dial this driver, or are dialled by it
// and again when they are lost; each brings as many slots as it has threads. An executor that comes back is another one, with
// another id: what it had is gone.

import { randomUUID } from 'node:crypto';
import { type Clock, SYSTEM_CLOCK } from '../../core/clock.js';
import { HeddleError, toErrorRecord } from '../../core/errors.js';
import { type ExecutorId, idSequence, type ShuffleId } from '../../core/ids.js';
import type { TaskResult, TaskSpec } from '../../task/spec.js';
import { CallOffs } from '../call-offs.js';
import type { Slot, SlotId, SlotListener, TaskOutcome, Transport } from '../contract.js';
import { type Address, formatAddress } from './address.js';
import type { Connection, ConnectionEvents } from './connection.js';
import { dial } from './dial.js';
import type { ExecutorHello, Hello } from './greeting.js';
import { MOST_QUEUED, REDIAL_MS } from './limits.js';
import { Listener } from './listener.js';
import type { FromDriver, FromExecutor } from './messages.js';
import { type OutputLocations, OutputTables } from './outputs.js';
import type { RefusalCounts } from './refusals.js';
import { type Fleet, RemoteExecutor } from './remote-executor.js';
import { deriveKey } from './secret.js';
import type { Delivered } from './sent-values.js';
import { ValueSources } from './value-sources.js';

export interface TcpOptions {
  readonly name: string;
  readonly secret: string;
  /** Where executors may dial. */
  readonly listen?: Address | undefined;
  /** Whom to dial. */
  readonly executors?: readonly Address[] | undefined;
  /** Where the output of map tasks is. */
  readonly outputs: OutputLocations;
  /** The part of an executor's heap that stored rows may take. */
  readonly storageFraction: number;
  readonly clock?: Clock;
  /** Its sockets do not keep this process from ending. */
  readonly isBackground?: boolean;
  readonly starter?: Starter;
  log(message: string): void;
}

/** Who starts the executors itself knows more of them than their connections tell, and calls them by names of its own. */
export interface Starter {
  joined(name: string): void;
  /** It hung up, or has fallen silent. It counts as lost once this has found out why. Never rejects. */
  ended(name: string, error: HeddleError): Promise<HeddleError>;
}

type Link = Connection<FromExecutor, FromDriver>;

export class TcpTransport implements Transport<TaskSpec, TaskResult> {
  private readonly executors = new Map<ExecutorId, RemoteExecutor>();
  private readonly listeners = new Set<SlotListener>();
  private readonly session = randomUUID();
  private readonly nextSlot = idSequence<SlotId>();
  private readonly nextExecutor = idSequence<number>(1);
  private readonly nextColumn = idSequence<number>(1);
  private readonly columnIds = new WeakMap<Uint8Array, number>();
  private readonly key: Buffer;
  private readonly clock: Clock;
  private readonly fleet: Fleet;
  private readonly closing = new AbortController();
  private listener: Listener<FromExecutor, FromDriver> | undefined;

  /**
   * Listens, and dials whom it is told to. Throws HEDDLE_LISTEN, and HEDDLE_REFUSED where somebody is there who does not take
   * this driver; who is not there yet, or busy, is dialled again and again.
   */
  static async open(options: TcpOptions): Promise<TcpTransport> {
    const transport = new TcpTransport(options);
    try {
      await transport.listen();
      await Promise.all((options.executors ?? []).map(address => transport.dialFirst(address)));
    } catch (error) {
      await transport.close();
      throw error;
    }
    return transport;
  }

  private constructor(private readonly options: TcpOptions) {
    this.key = deriveKey(options.secret);
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.fleet = {
      clock: this.clock,
      nextTask: idSequence<number>(1),
      columnId: column => this.columnId(column),
      outputs: new OutputTables(options.outputs, id => this.executors.get(id)?.serves),
      servesOf: id => this.executors.get(id as ExecutorId)?.serves,
      sources: new ValueSources(),
      callOffs: new CallOffs(({ at, id }) => at.cancel(id)),
      lost: (executor, error) => this.leave(executor, error),
      delivered: (executor, value) => this.deliver(executor, value),
    };
  }

  /** Where executors can dial this driver. */
  get address(): Address | undefined {
    return this.listener?.address;
  }

  /** Connections that were refused so far. */
  get refused(): RefusalCounts | undefined {
    return this.listener?.refused;
  }

  /** The part in use of the fullest heap of an executor, as they have last said; 0 without any. */
  get heapUse(): number {
    let most = 0;
    for (const { heapUse } of this.executors.values()) most = Math.max(most, heapUse);
    return most;
  }

  slots(): readonly Slot[] {
    return [...this.executors.values()].flatMap(({ slots }) => slots);
  }

  run(spec: TaskSpec, slot: Slot, signal: AbortSignal): Promise<TaskOutcome<TaskResult>> {
    const executor = this.executors.get(slot.executor);
    if (executor === undefined) {
      const error = new HeddleError('HEDDLE_EXECUTOR_LOST', `executor ${slot.address ?? slot.executor} is gone`);
      return Promise.resolve({ ok: false, error: toErrorRecord(error), retryable: true, lostSlot: true, reason: 'lost' });
    }
    return executor.run(spec, slot, signal);
  }

  subscribe(listener: SlotListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(Array.from(this.executors.values(), executor => executor.close()));
    await this.listener?.close();
  }

  private async listen(): Promise<void> {
    const { listen, log, isBackground = false } = this.options;
    if (listen === undefined) return;
    this.listener = await Listener.open<FromExecutor, FromDriver>({
      address: listen,
      key: this.key,
      clock: this.clock,
      isBackground,
      log,
      hello: () => this.hello(),
      greeted: (peer, connection, from) => this.join(executorOnly(peer), connection, from),
    });
  }

  private hello(): Hello {
    return { role: 'driver', name: this.options.name };
  }

  private async dialFirst(address: Address): Promise<void> {
    try {
      await this.dialOnce(address);
    } catch (error) {
      if (!(error instanceof HeddleError) || !mayComeLater(error)) throw error;
      this.redial(address, error);
    }
  }

  private async dialOnce(address: Address): Promise<void> {
    await dial<FromExecutor, FromDriver>({
      address,
      key: this.key,
      clock: this.clock,
      signal: this.closing.signal,
      hello: () => this.hello(),
      greeted: (peer, connection) => {
        const events = this.join(executorOnly(peer), connection, address);
        return {
          ...events,
          closed: error => {
            events.closed(error);
            this.redial(address, error);
          },
        };
      },
    });
  }

  /** Tells of the reason, if it is another one than before. */
  private redial(address: Address, error: Error, before = ''): void {
    const { signal } = this.closing;
    if (signal.aborted) return;
    const { message } = error;
    if (message !== before) this.options.log(`${message}; ${formatAddress(address)} is dialled again every ${REDIAL_MS / 1000} s`);
    const stop = this.clock.after(REDIAL_MS, () => {
      signal.removeEventListener('abort', stop);
      this.dialOnce(address).catch(next => this.redial(address, next, message));
    });
    signal.addEventListener('abort', stop, { once: true });
  }

  private join({ name, threads, memory, serves }: ExecutorHello, connection: Link, from: Address): ConnectionEvents<FromExecutor> {
    const { starter, storageFraction } = this.options;
    const address = starter === undefined ? formatAddress(from) : undefined;
    const id = (address === undefined ? name : `${address}/${this.nextExecutor()}`) as ExecutorId;
    // What ends a process should end one task: there none waits in a queue behind another.
    const queue = starter === undefined ? MOST_QUEUED : 0;
    const slots = Array.from(
      { length: threads * (1 + queue) },
      (_, i): Slot => ({ id: this.nextSlot(), executor: id, address, thread: i % threads, ahead: i >= threads }),
    );
    const executor = new RemoteExecutor(id, address ?? name, serves, memory, slots, this.fleet, connection);
    connection.send({ type: 'welcome', executor: id, session: this.session, storageFraction });
    this.executors.set(id, executor);
    for (const listener of this.listeners) for (const slot of slots) listener.joined(slot);
    if (starter === undefined) return executor.events;
    starter.joined(name);
    return { ...executor.events, closed: error => void starter.ended(name, error).then(executor.events.closed) };
  }

  private deliver({ id }: RemoteExecutor, { stage, bytes, fromPeers }: Delivered): void {
    for (const listener of this.listeners) listener.valueDelivered?.({ executor: id, stage, bytes, fromPeers });
  }

  private leave(executor: RemoteExecutor, error: HeddleError): void {
    this.executors.delete(executor.id);
    this.fleet.sources.lose(executor.id);
    if (this.closing.signal.aborted) return;
    const lost = toErrorRecord(
      new HeddleError('HEDDLE_EXECUTOR_LOST', `executor ${executor.address} was lost: ${error.message}`, {
        data: { executor: executor.id },
      }),
    );
    for (const listener of this.listeners) {
      if (listener.executorLost === undefined) for (const { id } of executor.slots) listener.left(id, lost);
      else listener.executorLost(executor.id, lost);
    }
  }

  private columnId(column: Uint8Array): number {
    let id = this.columnIds.get(column);
    if (id === undefined) this.columnIds.set(column, (id = this.nextColumn()));
    return id;
  }

  /** An executor that is there, by its name. */
  executor(id: string): RemoteExecutor | undefined {
    return this.executors.get(id as ExecutorId);
  }

  /** Nobody reads this shuffle any more. */
  freeShuffle(shuffle: ShuffleId): void {
    this.fleet.outputs.forget(shuffle);
    for (const executor of this.executors.values()) executor.freeShuffle(shuffle);
  }
}

/** Nobody is there yet, or the executor still works for another driver. */
function mayComeLater({ code, data }: HeddleError): boolean {
  return code === 'HEDDLE_UNREACHABLE' || (code === 'HEDDLE_REFUSED' && data.reason === 'busy');
}

function executorOnly(peer: Hello): ExecutorHello {
  if (peer.role === 'executor') return peer;
  throw new HeddleError('HEDDLE_REFUSED', `this is a driver, and takes executors, no ${peer.role}`, { data: { reason: 'role' } });
}
