// What one fetch brings into memory, over as many connections as it takes: blocks, each whole before it counts.

import { HeddleError } from '../../core/errors.js';
import type { ExecutorId, ShuffleId } from '../../core/ids.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import { BLOCK_HEADER, nextRun, readRun, writeBlock } from '../../shuffle/run.js';
import { roomFor } from '../../shuffle/store.js';
import { type Address, formatAddress } from './address.js';
import type { Connection } from './connection.js';
import { FETCH_ATTEMPTS } from './limits.js';
import { type FetchQuestion, type FromFetcher, type FromServer, wordsToBytes } from './messages.js';
import { storedLost } from './stored-table.js';

/** What to fetch of a shuffle from one executor. */
export interface Fetch {
  readonly shuffle: ShuffleId;
  readonly reduce: number;
  readonly executor: ExecutorId;
  readonly serves: Address;
  readonly maps: Uint32Array;
  readonly tokens: Uint32Array;
}

/** Which stored rows to fetch, and from where. */
export interface StoredFetch {
  readonly stored: string;
  readonly serves: Address;
}

/** A chunk of stored rows as it is in this heap. */
export interface FetchedChunk {
  readonly at: { readonly address: number; readonly bytes: number };
  readonly runs: readonly number[];
}

/** Shuffle data that could not be had. */
export class FetchFailure extends Error {
  constructor(
    readonly coded: HeddleError,
    readonly shuffle: ShuffleId,
    readonly executor: ExecutorId,
    /** All that the executor has of the shuffle when absent. */
    readonly maps: readonly number[] | undefined,
  ) {
    super(coded.message);
  }
}

export type FetchLink = Connection<FromServer, FromFetcher>;

/** Where blocks go. */
interface BlockMemory {
  readonly u8: Uint8Array;
  free(address: number): void;
}

export abstract class Stream {
  /** How often it is taken up before it counts as failed. */
  readonly attempts: number = FETCH_ATTEMPTS;
  /** The addresses of those that are whole. */
  readonly blocks: number[] = [];
  /** The block that is being filled: its address, where its bytes begin, how many they are and how many have come. */
  private open: { readonly address: number; readonly start: number; readonly bytes: number; fill: number } | undefined;
  private settle: { resolve(): void; reject(error: unknown): void } | undefined;

  constructor(
    private readonly memory: BlockMemory,
    readonly serves: Address,
  ) {}

  receive(link: FetchLink, session: string): Promise<void> {
    this.dropOpen();
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      link.send({ type: 'fetch', request: { session, ...this.asks(), from: this.blocks.length } });
    });
  }

  take(message: FromServer): void {
    switch (message.type) {
      case 'chunks':
        this.announced(message.runs);
        return;
      case 'block':
        if (this.open !== undefined || message.bytes < 1) throw this.corrupt('a block begins where none is due');
        this.begin(message.bytes);
        return;
      case 'end':
        if (this.open !== undefined || message.blocks !== this.blocks.length) {
          throw this.corrupt(`${message.blocks} blocks were sent, and ${this.blocks.length} came`);
        }
        this.settle?.resolve();
        return;
      case 'missing':
        this.settle?.reject(this.missing(message.maps));
    }
  }

  target(length: number): Uint8Array {
    const { open } = this;
    if (open === undefined || open.fill + length > open.bytes) throw this.corrupt(`${length} bytes came that belong to no block`);
    const at = open.start + open.fill;
    return this.memory.u8.subarray(at, at + length);
  }

  add(length: number): void {
    const open = this.open!;
    open.fill += length;
    if (open.fill < open.bytes) return;
    this.check(open.start, open.bytes);
    this.open = undefined;
    this.blocks.push(open.address);
  }

  broken(error: HeddleError): void {
    this.settle?.reject(error);
  }

  discard(): void {
    this.dropOpen();
    for (const address of this.blocks.splice(0)) this.memory.free(address);
  }

  /** What is said where the last attempt has failed. */
  abstract failure(error: HeddleError): Error;

  protected abstract asks(): FetchQuestion;

  protected abstract announced(runs: readonly (readonly number[])[]): void;

  /** Makes room for a block: its address, and where its bytes begin. */
  protected abstract allocate(bytes: number): { readonly address: number; readonly start: number };

  /** Throws where the bytes of a block are not what was asked for. */
  protected abstract check(start: number, bytes: number): void;

  protected abstract missing(maps: readonly number[]): Error;

  protected corrupt(what: string): HeddleError {
    return new HeddleError('HEDDLE_CORRUPT', `${formatAddress(this.serves)} sent data that is wrong: ${what}`);
  }

  private begin(bytes: number): void {
    try {
      this.open = { ...this.allocate(bytes), bytes, fill: 0 };
    } catch (error) {
      this.settle?.reject(error); // no fault of the other end's, and no other attempt would find more room
      throw error;
    }
  }

  private dropOpen(): void {
    if (this.open !== undefined) this.memory.free(this.open.address);
    this.open = undefined;
  }
}

/** The rows of one reduce id, as blocks of whole runs. */
export class ShuffleStream extends Stream {
  /** The attempt that counts, by map partition. */
  private readonly asked: ReadonlyMap<number, number>;

  constructor(
    private readonly heap: Heap,
    private readonly fetch: Fetch,
  ) {
    super(heap, fetch.serves);
    const { maps, tokens } = fetch;
    this.asked = new Map(Array.from(maps, (map, i) => [map, tokens[i]!]));
  }

  failure(error: HeddleError): FetchFailure {
    const { shuffle, executor } = this.fetch;
    return new FetchFailure(this.coded(error.message, error), shuffle, executor, undefined);
  }

  protected asks() {
    const { shuffle, reduce, maps, tokens } = this.fetch;
    return { shuffle, reduce, maps: wordsToBytes(maps), tokens: wordsToBytes(tokens) };
  }

  protected announced(): never {
    throw this.corrupt('stored rows, where a shuffle was asked for');
  }

  protected allocate(bytes: number) {
    const address = roomFor(this.heap, BLOCK_HEADER + bytes, 'fetched shuffle data');
    const { shuffle, reduce } = this.fetch;
    writeBlock(this.heap.u32, address, this.heap.sizeOf(address), BLOCK_HEADER + bytes, shuffle, reduce);
    return { address, start: address + BLOCK_HEADER };
  }

  protected check(start: number, bytes: number): void {
    const { u32 } = this.heap;
    const end = start + bytes;
    let at = start;
    for (; at < end; at = nextRun(u32, at)) {
      const { map, attempt, spilled } = readRun(u32, at);
      if (spilled !== undefined) throw this.corrupt('a run came that stands for others on a disk of the other end');
      if (this.asked.get(map) !== attempt) throw this.corrupt(`a run of attempt ${attempt} of map partition ${map} was not asked for`);
    }
    if (at !== end) throw this.corrupt(`a run reaches ${at - end} bytes past its block`);
  }

  protected missing(maps: readonly number[]): FetchFailure {
    const { shuffle, executor, serves } = this.fetch;
    const error = this.coded(`${formatAddress(serves)} has not got it (any more): map partitions ${maps.slice(0, 10)}`);
    return new FetchFailure(error, shuffle, executor, maps);
  }

  private coded(why: string, cause?: HeddleError): HeddleError {
    const { shuffle, reduce, executor, serves } = this.fetch;
    return new HeddleError(
      'HEDDLE_FETCH_FAILED',
      `shuffle data for reduce id ${reduce} cannot be fetched from ${formatAddress(serves)}: ${why}`,
      {
        data: { shuffle, reduce, executor },
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}

/** The rows of a stored partition, a block for each of its chunks. */
export class StoredStream extends Stream {
  private runs: readonly (readonly number[])[] = [];
  private readonly sizes: number[] = [];

  constructor(
    private readonly heap: Heap,
    private readonly fetch: StoredFetch,
  ) {
    super(heap, fetch.serves);
  }

  get chunks(): FetchedChunk[] {
    return this.blocks.map((address, i) => ({ at: { address, bytes: this.sizes[i]! }, runs: this.runs[i]! }));
  }

  failure(error: HeddleError): HeddleError {
    return storedLost(this.fetch.stored, error.message);
  }

  protected asks() {
    return { stored: this.fetch.stored };
  }

  protected announced(runs: readonly (readonly number[])[]): void {
    this.runs = runs;
  }

  protected allocate(bytes: number) {
    if (this.blocks.length >= this.runs.length) throw this.corrupt(`more chunks came than the ${this.runs.length} that were told of`);
    const address = roomFor(this.heap, bytes, 'fetched rows that are kept');
    this.sizes[this.blocks.length] = bytes;
    return { address, start: address };
  }

  protected check(): void {}

  protected missing(): HeddleError {
    return storedLost(this.fetch.stored, `${formatAddress(this.serves)} has not got them (any more)`);
  }
}
