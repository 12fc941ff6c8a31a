// Makes a driver's task one of this executor: its shuffles and stored rows get their addresses here, and what it reads from other
// executors is fetched before it starts.

import { HeddleError } from '../../core/errors.js';
import type { ExecutorId } from '../../core/ids.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import type { Gathered, ShuffleRef, ShuffleStore } from '../../shuffle/store.js';
import type { InputSpec, ShuffleInput, StoredRows } from '../../task/spec.js';
import type { FetchClient } from './fetch-client.js';
import { FetchFailure } from './fetch-stream.js';
import { mapInputs } from './inputs.js';
import type { RemoteTask } from './messages.js';
import type { Outputs, ShuffleDirectory } from './shuffle-directory.js';
import { type StoredTable, storedLost } from './stored-table.js';

/** One input of a shuffle, with who had what when the task came. */
interface Reading {
  readonly input: ShuffleInput;
  readonly ref: ShuffleRef;
  readonly outputs: Outputs;
}

type StoredInput = InputSpec & { readonly kind: 'stored' };

/** What a task uses of the executor's memory besides its own: to be given back when it has ended. */
export class TaskInputs {
  private readonly readings: Reading[] = [];
  private readonly used: ShuffleRef[] = [];
  private readonly blocks: number[] = [];
  /** Rows that are stored, here and elsewhere. */
  private readonly stored: StoredInput[] = [];
  private readonly held: string[] = [];
  /** Inputs of rows that were seen. */
  private rowInputs = 0;
  private readonly inputs: readonly InputSpec[];
  readonly output: ShuffleRef | null;

  /** Takes note of what the task needs, by what the driver has told up to now. Throws HEDDLE_HEAP_FULL. */
  constructor(
    private readonly task: RemoteTask,
    private readonly executor: ExecutorId,
    private readonly heap: Heap,
    private readonly store: ShuffleStore,
    private readonly directory: ShuffleDirectory,
    private readonly table: StoredTable,
    private readonly columns: ReadonlyMap<number, Uint8Array>,
  ) {
    const { output } = task.common;
    try {
      this.output = output === null ? null : this.use(output);
      this.inputs = mapInputs(task.inputs, input => this.note(input));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** The inputs as a thread reads them, where there is nothing to fetch. */
  get here(): readonly InputSpec[] {
    return this.inputs;
  }

  /** There is nothing to fetch. */
  get areHere(): boolean {
    return this.readings.length === 0 && this.stored.length === 0;
  }

  /** Fetches; resolves to the inputs as a thread reads them. Rejects with a FetchFailure, or a HeddleError. */
  async gather(client: FetchClient, signal: AbortSignal): Promise<readonly InputSpec[]> {
    const gathered = new Map<InputSpec, InputSpec>();
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const all = this.readings.map(async ({ input, ref, outputs }) => {
      const blocks = await this.fetchAll(input, ref, outputs, client, either);
      const known: Gathered = { winners: outputs.tokens, blocks };
      gathered.set(input, { ...input, shuffle: ref, gathered: known });
    });
    for (const input of this.stored) {
      all.push(this.rowsOf(input, client, either).then(rows => void gathered.set(input, { kind: 'stored', rows })));
    }
    await settleAll(all, failed);
    return mapInputs(this.inputs, input => gathered.get(input) ?? input);
  }

  release(): void {
    for (const address of this.blocks.splice(0)) this.heap.free(address);
    for (const ref of this.used.splice(0)) this.directory.release(ref);
    for (const id of this.held.splice(0)) this.table.release(id);
  }

  private note(input: InputSpec): InputSpec {
    if (input.kind === 'computed' && input.store !== null) return { ...input, store: this.table.placed(input.store) };
    if (input.kind === 'stored') this.stored.push(input);
    if (input.kind === 'rows') {
      const id = this.task.columns[this.rowInputs++]!;
      return id === 0 ? input : { ...input, column: this.columns.get(id)! };
    }
    if (input.kind !== 'shuffle') return input;
    const outputs = this.directory.outputs(input.shuffle.id);
    if (outputs === undefined) {
      throw new HeddleError('HEDDLE_INTERNAL', `nobody has told where the output of shuffle ${input.shuffle.id} is`);
    }
    this.readings.push({ input, ref: this.use(input.shuffle), outputs });
    return input;
  }

  /** Stored rows as they are in this process: found here, or fetched. */
  private async rowsOf({ rows }: StoredInput, client: FetchClient, signal: AbortSignal): Promise<StoredRows> {
    const { executor } = rows;
    const { id } = rows.remote!;
    if (executor === this.executor) {
      const found = this.table.use(id);
      if (found === undefined) throw storedLost(id, 'they have left this executor');
      this.held.push(id);
      return found;
    }
    const holder = this.task.holders.find(each => each.id === executor);
    if (holder === undefined) throw storedLost(id, `executor ${executor} is gone`);
    const chunks = await client.fetchStored({ stored: id, serves: holder.serves }, signal);
    for (const { at } of chunks) this.blocks.push(at.address);
    return { ...rows, chunks };
  }

  private use(remote: ShuffleRef): ShuffleRef {
    const ref = this.directory.use(remote);
    this.used.push(ref);
    return ref;
  }

  /** The blocks of one reduce id from all other executors, one stream for each. */
  private async fetchAll(
    { shuffle, reduce }: ShuffleInput,
    ref: ShuffleRef,
    { executors, owners, tokens }: Outputs,
    client: FetchClient,
    signal: AbortSignal,
  ): Promise<number[]> {
    const fetched: number[] = [];
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const all = executors.map(async ({ id, serves }, place) => {
      const maps = Uint32Array.from(owners.keys()).filter(map => owners[map] === place);
      if (id === this.executor) {
        this.checkOwn(ref, maps, tokens);
        return;
      }
      const own = maps.map(map => tokens[map]!);
      const blocks = await client.fetch({ shuffle: shuffle.id, reduce, executor: id, serves, maps, tokens: own }, either);
      this.blocks.push(...blocks);
      fetched.push(...blocks);
    });
    await settleAll(all, failed);
    return fetched;
  }

  private checkOwn(ref: ShuffleRef, maps: Uint32Array, tokens: Uint32Array): void {
    const missing = [...maps].filter(map => this.store.winner(ref, map) !== tokens[map]);
    if (missing.length === 0) return;
    const error = new HeddleError('HEDDLE_FETCH_FAILED', `shuffle ${ref.id} has no output here of map partitions ${missing.slice(0, 10)}`);
    throw new FetchFailure(error, ref.id, this.executor, missing);
  }
}

/** Waits for all of them, also where one fails: then the others are called off, and nothing is under way when this rejects. */
async function settleAll(all: readonly Promise<void>[], failed: AbortController): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  await Promise.all(
    all.map(each =>
      each.catch(error => {
        failure ??= { error };
        failed.abort();
      }),
    ),
  );
  if (failure !== undefined) throw failure.error;
}
