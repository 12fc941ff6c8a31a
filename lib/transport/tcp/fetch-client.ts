// Fetches what other executors hold of a shuffle into this heap, and shared values: one stream for each (executor, reduce id), a few at once, each
// on a connection of its own, so that a full heap or a slow reader holds back the one who sends. A stream that breaks is
// taken up again from its last whole block, a few times.

import type { Clock } from '../../core/clock.js';
import { HeddleError } from '../../core/errors.js';
import type { Heap } from '../../shuffle/heap/allocator.js';
import { type Address, formatAddress } from './address.js';
import type { ConnectionEvents } from './connection.js';
import { dial } from './dial.js';
import {
  type Fetch,
  type FetchedChunk,
  type FetchLink,
  ShuffleStream,
  type StoredFetch,
  StoredStream,
  type Stream,
} from './fetch-stream.js';
import { FETCH_PAUSE_MS, FETCH_STREAMS } from './limits.js';
import type { FromFetcher, FromServer } from './messages.js';
import { ValueStream } from './value-stream.js';
import type { Value } from './value-table.js';

/** A connection to another executor: one stream at a time. */
interface Line {
  readonly link: FetchLink;
  /** Why it is over. */
  lost: HeddleError | undefined;
  /** Who takes what comes. */
  stream: Stream | undefined;
}

export class FetchClient {
  private readonly idle = new Map<string, Line[]>();
  private readonly waiting: (() => void)[] = [];
  private streams = 0;
  private readonly closing = new AbortController();
  private readonly lines = new Set<Line>();

  constructor(
    private readonly heap: Heap,
    private readonly options: { readonly session: string; readonly key: Buffer; readonly clock: Clock },
    private readonly connect: typeof dial = dial,
  ) {}

  /** The addresses of the blocks that were fetched: the caller's, to give back. Rejects with a FetchFailure, or a HeddleError. */
  async fetch(fetch: Fetch, signal: AbortSignal): Promise<number[]> {
    const stream = new ShuffleStream(this.heap, fetch);
    await this.run(stream, signal);
    return stream.blocks;
  }

  /** The same for stored rows. Rejects with HEDDLE_STORED_LOST where they cannot be had. */
  async fetchStored(fetch: StoredFetch, signal: AbortSignal): Promise<FetchedChunk[]> {
    const stream = new StoredStream(this.heap, fetch);
    await this.run(stream, signal);
    return stream.chunks;
  }

  /**
   * Brings a shared value in, as far as the other end gives it. Takes no turn: that end may be waiting for the value itself, and
   * executors whose turns wait for each other's would wait for ever.
   */
  fetchValue(key: number, value: Value, serves: Address): Promise<void> {
    return this.stream(new ValueStream(key, value, serves), this.closing.signal);
  }

  close(): void {
    this.closing.abort();
    for (const { link } of [...this.lines]) link.destroy(new HeddleError('HEDDLE_CANCELLED', 'the executor has done with its driver'));
  }

  private async run(stream: Stream, signal: AbortSignal): Promise<void> {
    await this.turn();
    try {
      await this.stream(stream, signal);
    } finally {
      this.streams--;
      this.waiting.shift()?.();
    }
  }

  private async stream(stream: Stream, signal: AbortSignal): Promise<void> {
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          await this.attempt(stream, signal);
          return;
        } catch (error) {
          if (signal.aborted || this.closing.signal.aborted || !mayHelp(error)) throw error;
          if (attempt === stream.attempts) throw stream.failure(error as HeddleError);
          await new Promise<void>(resolve => this.options.clock.after(FETCH_PAUSE_MS * attempt, resolve));
        }
      }
    } catch (error) {
      stream.discard();
      throw error;
    }
  }

  private async turn(): Promise<void> {
    while (this.streams >= FETCH_STREAMS) await new Promise<void>(resolve => this.waiting.push(resolve));
    this.streams++;
  }

  private async attempt(stream: Stream, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const line = await this.line(stream.serves, signal);
    const callOff = (): void => line.link.destroy(new HeddleError('HEDDLE_CANCELLED', 'the task was called off'));
    signal.addEventListener('abort', callOff, { once: true });
    try {
      // It may have ended with the bytes behind its greeting, before there was a stream to be told.
      if (line.lost !== undefined) throw line.lost;
      line.stream = stream;
      await stream.receive(line.link, this.options.session);
      this.giveBack(stream.serves, line);
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
    await this.connect<FromServer, FromFetcher>({
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
