// Gives other executors what this one holds: of a shuffle, for one reduce id the rows that certain attempts wrote, as one
// stream of blocks; or stored rows; or a shared value. The same question has the same answer, byte for byte, so that who lost the connection goes on from the block
// where it was. A block is whole runs, one after the other (lib/shuffle/run.ts).

import { HeddleError } from '../../core/errors.js';
import { loadedRuns } from '../../shuffle/reader.js';
import { copiedBytes, copyRun, type Run } from '../../shuffle/run.js';
import type { ShuffleRef, ShuffleStore } from '../../shuffle/store.js';
import { readBlock } from '../../storage/block-file.js';
import { localFileSystem } from '../../storage/local-file-system.js';
import type { Connection, ConnectionEvents } from './connection.js';
import { PART } from './limits.js';
import { bytesToWords, type FetchRequest, type FromFetcher, type FromServer, type StoredRequest, type ValueRequest } from './messages.js';
import type { ShuffleDirectory } from './shuffle-directory.js';
import type { StoredTable } from './stored-table.js';
import type { ValueTable } from './value-table.js';

/** Bytes of a block, but for one that is a single larger run. */
const BLOCK = 4 * PART;

export class FetchServer {
  constructor(
    private readonly session: string,
    private readonly store: ShuffleStore,
    private readonly directory: ShuffleDirectory,
    private readonly table: StoredTable,
    private readonly values: Pick<ValueTable, 'find'>,
  ) {}

  /** Answers one fetcher, one request after the other. */
  events(connection: Connection<FromFetcher, FromServer>): ConnectionEvents<FromFetcher> {
    let last = Promise.resolve();
    let isOpen = true;
    return {
      message: ({ request }) => {
        last = last.then(() => {
          if (!isOpen) return;
          if ('stored' in request) return this.serveStored(request, connection, () => isOpen);
          return 'value' in request ? this.serveValue(request, connection, () => isOpen) : this.serve(request, connection, () => isOpen);
        });
      },
      closed: () => {
        isOpen = false;
      },
    };
  }

  private async serve(request: FetchRequest, connection: Connection<FromFetcher, FromServer>, isOpen: () => boolean): Promise<void> {
    const maps = bytesToWords(request.maps);
    const ref = request.session === this.session ? this.directory.find(request.shuffle) : undefined;
    if (ref === undefined) {
      connection.send({ type: 'missing', maps: [...maps] });
      return;
    }
    try {
      await this.serveFrom(ref, request, maps, connection, isOpen);
    } catch (error) {
      // What was on disk is lost, as what was on another machine may be.
      if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_SPILL') throw error;
      connection.send({ type: 'missing', maps: [...maps] });
    } finally {
      this.directory.release(ref);
    }
  }

  private async serveFrom(
    ref: ShuffleRef,
    request: FetchRequest,
    maps: Uint32Array,
    connection: Connection<FromFetcher, FromServer>,
    isOpen: () => boolean,
  ): Promise<void> {
    const tokens = bytesToWords(request.tokens);
    const missing = [...maps].filter((map, i) => map >= ref.maps || this.store.winner(ref, map) !== tokens[i]);
    if (missing.length > 0) {
      connection.send({ type: 'missing', maps: missing });
      return;
    }
    const winners = new Uint32Array(ref.maps);
    for (const [i, map] of maps.entries()) winners[map] = tokens[i]!;
    const held = this.store.runs(ref, request.reduce, { winners, blocks: [] });
    let blocks = 0;
    for (const runs of inBlocks(loadedRuns(this.store, held, 'own'))) {
      if (blocks++ < request.from) continue;
      if (!isOpen()) return;
      connection.send({ type: 'block', bytes: runs.reduce((sum, run) => sum + copiedBytes(run), 0) });
      for (const part of this.parts(runs)) {
        connection.sendData([part]);
        await connection.room();
      }
    }
    connection.send({ type: 'end', blocks });
  }

  private async serveStored(
    { session, stored, from }: StoredRequest,
    connection: Connection<FromFetcher, FromServer>,
    isOpen: () => boolean,
  ): Promise<void> {
    const rows = session === this.session ? this.table.use(stored) : undefined;
    if (rows === undefined) {
      connection.send({ type: 'missing', maps: [] });
      return;
    }
    try {
      connection.send({ type: 'chunks', runs: rows.chunks.map(({ runs }) => runs) });
      for (const { at } of rows.chunks.slice(from)) {
        if (!isOpen()) return;
        const bytes = 'address' in at ? this.store.heap.u8.subarray(at.address, at.address + at.bytes) : readBlock(localFileSystem, at);
        connection.send({ type: 'block', bytes: bytes.length });
        for (let done = 0; done < bytes.length; done += PART) {
          // A copy: the memory of the heap is shared, and what is sent must stay as it is.
          connection.sendData([bytes.slice(done, done + PART)]);
          await connection.room();
        }
      }
      connection.send({ type: 'end', blocks: rows.chunks.length });
    } catch (error) {
      // What was in a file is lost, as what was on another machine may be.
      if (!(error instanceof HeddleError)) throw error;
      connection.send({ type: 'missing', maps: [] });
    } finally {
      this.table.release(stored);
    }
  }

  private async serveValue(
    { session, value: key, from }: ValueRequest,
    connection: Connection<FromFetcher, FromServer>,
    isOpen: () => boolean,
  ): Promise<void> {
    const value = session === this.session ? this.values.find(key) : undefined;
    if (value === undefined) {
      connection.send({ type: 'missing', maps: [] });
      return;
    }
    const { bytes } = value;
    const blocks = Math.ceil(bytes.length / PART);
    for (let block = from; block < blocks; block++) {
      const at = block * PART;
      const part = bytes.subarray(at, at + PART);
      try {
        await value.until(at + part.length);
      } catch {
        // This executor has lost its driver, which may be at work with the other one all the same.
        connection.send({ type: 'missing', maps: [] });
        return;
      }
      if (!isOpen()) return;
      connection.send({ type: 'block', bytes: part.length });
      connection.sendData([part]);
      await connection.room();
    }
    connection.send({ type: 'end', blocks });
  }

  /** The bytes of runs, in pieces that a frame can take. */
  private *parts(runs: readonly Run[]): Generator<Uint8Array> {
    const { u8 } = this.store.heap;
    let part = new Uint8Array(PART);
    let fill = 0;
    for (const run of runs) {
      const from = run.own === undefined ? u8 : new Uint8Array(run.own);
      const bytes = copiedBytes(run);
      if (fill + bytes > PART && fill > 0) {
        yield part.subarray(0, fill);
        part = new Uint8Array(PART);
        fill = 0;
      }
      if (bytes <= PART) {
        fill += copyRun(from, run, part, fill);
        continue;
      }
      const whole = new Uint8Array(bytes);
      copyRun(from, run, whole, 0);
      for (let at = 0; at < bytes; at += PART) yield whole.subarray(at, Math.min(at + PART, bytes));
    }
    if (fill > 0) yield part.subarray(0, fill);
  }
}

/** Neighbouring runs that make a block together. */
function* inBlocks(runs: Iterable<Run>): Generator<readonly Run[]> {
  let block: Run[] = [];
  let bytes = 0;
  for (const run of runs) {
    const next = copiedBytes(run);
    if (block.length > 0 && bytes + next > BLOCK) {
      yield block;
      block = [];
      bytes = 0;
    }
    block.push(run);
    bytes += next;
  }
  if (block.length > 0) yield block;
}
