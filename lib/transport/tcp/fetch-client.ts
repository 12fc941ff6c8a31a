// Fetches what other executors hold of a shuffle into this heap: one stream for each (executor, reduce id), a few at once, each
// on a connection of its own, so that a full heap or a slow reader holds back the one who sends. A stream that breaks is
// taken up again from its last whole block, a few times.

import type { Clock } from '../../core/clock.js';
import { HeddleError } from '../../core/errors.js';
import type { ExecutorId, ShuffleId } from '../../core/ids.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import { BLOCK_HEADER, nextRun, readRun, writeBlock } from '../../shuffle/run.js';
import { roomFor } from '../../shuffle/store.js';
import { type Address, formatAddress } from './address.js';
import type { Connection, ConnectionEvents } from './connection.js';
import { dial } from './dial.js';
import { FETCH_ATTEMPTS, FETCH_PAUSE_MS, FETCH_STREAMS } from './limits.js';
import { type FromFetcher, type FromServer, wordsToBytes } from './messages.js';

/** What to fetch from one executor. */
export interface Fetch {
  readonly shuffle: ShuffleId;
  readonly reduce: number;
  readonly executor: ExecutorId;
  readonly serves: Address;
  readonly maps: Uint32Array;
  readonly tokens: Uint32Array;
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

type Link = Connection<FromServer, FromFetcher>;

/** A connection to another executor: one stream at a time. */
interface Line {
  readonly link: Link;
  /** Why it is over. */
  lost: HeddleError | undefined;
  /** Who takes what comes. */
  stream: Stream | undefined;
}

export class FetchClient {
  private readonly idle = new Map<string, Line[]>();
  private readonly waiting: (() => void)[] = [];
  private streams = 0;
  private isClosed = false;
  private readonly lines = new Set<Line>();

  constructor(
    private readonly heap: Heap,
    private readonly options: { readonly session: string; readonly key: Buffer; readonly clock: Clock },
  ) {}

  /** The addresses of the blocks that were fetched: the caller's, to give back. Rejects with a FetchFailure, or a HeddleError. */
  async fetch(fetch: Fetch, signal: AbortSignal): Promise<number[]> {
    const stream = new Stream(this.heap, fetch);
    await this.turn();
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.attempt(stream, signal);
          return stream.blocks;
        } catch (error) {
          if (signal.aborted || this.isClosed || !mayHelp(error)) throw error;
          if (attempt === FETCH_ATTEMPTS) throw stream.failure(error as HeddleError);
          await new Promise<void>(resolve => this.options.clock.after(FETCH_PAUSE_MS * attempt, resolve));
        }
      }
    } catch (error) {
      stream.discard();
      throw error;
    } finally {
      this.streams--;
      this.waiting.shift()?.();
    }
  }

  close(): void {
    this.isClosed = true;
    for (const { link } of [...this.lines]) link.destroy(new HeddleError('HEDDLE_CANCELLED', 'the executor has done with its driver'));
  }

  private async turn(): Promise<void> {
    while (this.streams >= FETCH_STREAMS) await new Promise<void>(resolve => this.waiting.push(resolve));
    this.streams++;
  }

  private async attempt(stream: Stream, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const line = await this.line(stream.fetch.serves, signal);
    const callOff = (): void => line.link.destroy(new HeddleError('HEDDLE_CANCELLED', 'the task was called off'));
    signal.addEventListener('abort', callOff, { once: true });
    try {
      // It may have ended with the bytes behind its greeting, before there was a stream to be told.
      if (line.lost !== undefined) throw line.lost;
      line.stream = stream;
      await stream.receive(line.link, this.options.session);
      this.giveBack(stream.fetch.serves, line);
    } catch (error) {
      line.link.destroy(error as HeddleError); // what is still on its way is of no use
      throw error;
    } finally {
      line.stream = undefined;
      signal.removeEventListener('abort', callOff);
    }
  }

  private async line(address: Address, signal: AbortSignal): Promise<Line> {
    const free = this.idle.get(formatAddress(address))?.pop();
    if (free !== undefined) return free;
    const { key, clock } = this.options;
    let line: Line | undefined;
    await dial<FromServer, FromFetcher>({
      address,
      key,
      clock,
      signal,
      hello: () => ({ role: 'fetcher', name: 'heddle' }),
      greeted: (_peer, link) => {
        const own: Line = (line = { link, lost: undefined, stream: undefined });
        this.lines.add(own);
        return lineEvents(own, () => this.drop(address, own));
      },
    });
    return line!;
  }

  private giveBack(address: Address, line: Line): void {
    const key = formatAddress(address);
    const lines = this.idle.get(key);
    if (lines === undefined) this.idle.set(key, [line]);
    else lines.push(line);
  }

  private drop(address: Address, line: Line): void {
    this.lines.delete(line);
    const lines = this.idle.get(formatAddress(address));
    const at = lines?.indexOf(line) ?? -1;
    if (at >= 0) lines!.splice(at, 1);
  }
}

function lineEvents(line: Line, dropped: () => void): ConnectionEvents<FromServer> {
  return {
    message: message => line.stream?.take(message),
    dataTarget: length => line.stream!.target(length),
    data: bytes => line.stream!.add(bytes.length),
    closed: error => {
      line.lost = error;
      dropped();
      line.stream?.broken(error);
    },
  };
}

/** Another attempt may do better: not where the executor has not got it, nor where there is no room for it here. */
function mayHelp(error: unknown): boolean {
  return error instanceof HeddleError && /^HEDDLE_(?:UNREACHABLE|CONNECTION_LOST|CORRUPT|FRAME_LIMIT|REFUSED)$/.test(error.code);
}

/** One stream into the heap, over as many connections as it takes. */
class Stream {
  readonly blocks: number[] = [];
  /** The block that is being filled: its address, its bytes and how many have come. */
  private open: { readonly address: number; readonly bytes: number; fill: number } | undefined;
  private settle: { resolve(): void; reject(error: unknown): void } | undefined;
  /** The attempt that counts, by map partition. */
  private readonly asked: ReadonlyMap<number, number>;

  constructor(
    private readonly heap: Heap,
    readonly fetch: Fetch,
  ) {
    const { maps, tokens } = fetch;
    this.asked = new Map(Array.from(maps, (map, i) => [map, tokens[i]!]));
  }

  receive(link: Link, session: string): Promise<void> {
    const { shuffle, reduce, maps, tokens } = this.fetch;
    this.dropOpen();
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      const from = this.blocks.length;
      link.send({ type: 'fetch', request: { session, shuffle, reduce, maps: wordsToBytes(maps), tokens: wordsToBytes(tokens), from } });
    });
  }

  take(message: FromServer): void {
    switch (message.type) {
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
      case 'missing': {
        const { shuffle, executor, serves } = this.fetch;
        const error = this.coded(`${formatAddress(serves)} has not got it (any more): map partitions ${message.maps.slice(0, 10)}`);
        this.settle?.reject(new FetchFailure(error, shuffle, executor, message.maps));
      }
    }
  }

  target(length: number): Uint8Array {
    const { open } = this;
    if (open === undefined || open.fill + length > open.bytes) throw this.corrupt(`${length} bytes came that belong to no block`);
    const at = open.address + BLOCK_HEADER + open.fill;
    return this.heap.u8.subarray(at, at + length);
  }

  add(length: number): void {
    const open = this.open!;
    open.fill += length;
    if (open.fill < open.bytes) return;
    this.check(open.address, open.bytes);
    this.open = undefined;
    this.blocks.push(open.address);
  }

  broken(error: HeddleError): void {
    this.settle?.reject(error);
  }

  failure(error: HeddleError): FetchFailure {
    const { shuffle, executor } = this.fetch;
    return new FetchFailure(this.coded(error.message, error), shuffle, executor, undefined);
  }

  discard(): void {
    this.dropOpen();
    for (const address of this.blocks.splice(0)) this.heap.free(address);
  }

  private begin(bytes: number): void {
    try {
      const address = roomFor(this.heap, BLOCK_HEADER + bytes, 'fetched shuffle data');
      const { shuffle, reduce } = this.fetch;
      writeBlock(this.heap.u32, address, this.heap.sizeOf(address), BLOCK_HEADER + bytes, shuffle, reduce);
      this.open = { address, bytes, fill: 0 };
    } catch (error) {
      this.settle?.reject(error); // no fault of the other end's, and no other attempt would find more room
      throw error;
    }
  }

  /** Whether a block is whole runs of what was asked for. */
  private check(block: number, bytes: number): void {
    const { u32 } = this.heap;
    const end = block + BLOCK_HEADER + bytes;
    let at = block + BLOCK_HEADER;
    for (; at < end; at = nextRun(u32, at)) {
      const { map, attempt, spilled } = readRun(u32, at);
      if (spilled !== undefined) throw this.corrupt('a run came that stands for others on a disk of the other end');
      if (this.asked.get(map) !== attempt) throw this.corrupt(`a run of attempt ${attempt} of map partition ${map} was not asked for`);
    }
    if (at !== end) throw this.corrupt(`a run reaches ${at - end} bytes past its block`);
  }

  private dropOpen(): void {
    if (this.open !== undefined) this.heap.free(this.open.address);
    this.open = undefined;
  }

  private corrupt(what: string): HeddleError {
    return new HeddleError('HEDDLE_CORRUPT', `${formatAddress(this.fetch.serves)} sent shuffle data that is wrong: ${what}`);
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
