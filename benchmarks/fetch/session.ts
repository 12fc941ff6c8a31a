// Fetches what one stream brings from another process into this one's heap, as an executor does: JOB THREADS SIZE TEXT WIRE.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { SYSTEM_CLOCK } from '../../lib/core/clock.js';
import type { ExecutorId } from '../../lib/core/ids.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { BLOCK_HEADER, blockWord, nextRun, readRun } from '../../lib/shuffle/run.js';
import { Connection } from '../../lib/transport/tcp/connection.js';
import { type DialOptions, dial } from '../../lib/transport/tcp/dial.js';
import { FetchClient } from '../../lib/transport/tcp/fetch-client.js';
import { nodeProgram } from '../contenders/node.js';
import { say, serve, sessionArguments } from '../session.js';
import { ATTEMPT, heapFor, KEY, REDUCE, SESSION, SHUFFLE, type Wire } from './wire.js';

const { job, size } = sessionArguments();
const wire = process.argv[6] as Wire;
const start = performance.now();
const { file, args } = nodeProgram('fetch/server.js', [wire, String(size)]);
const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
const { value: port } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
const serves = { host: '127.0.0.1', port: Number(port) };

const heap = Heap.format(reserveHeap(heapFor(size)), { threads: 1 });
const options = { session: SESSION, key: KEY, clock: SYSTEM_CLOCK };
const client = new FetchClient(heap, options, wire === 'plain' ? dialPlainly : dial);
const executor = 'server' as ExecutorId;
const fetch = { shuffle: SHUFFLE, reduce: REDUCE, executor, serves, maps: Uint32Array.of(0), tokens: Uint32Array.of(ATTEMPT) };
const never = new AbortController().signal;
say('fetch', job, 'context', (performance.now() - start) / 1000, { answer: size });
await serve(
  'fetch',
  job,
  () => client.fetch(fetch, never),
  blocks => ({ answer: blocks.reduce((sum, block) => sum + take(block), 0) }),
);
client.close();
child.stdin.end();

/** The payload bytes of a block, which is freed; as many as it says, and those that were written. */
function take(block: number): number {
  const { u32, f64 } = heap;
  let bytes = 0;
  for (let at = block + BLOCK_HEADER; at < block + u32[(block + blockWord.used) >>> 2]!; at = nextRun(u32, at)) {
    const run = readRun(u32, at);
    const words = f64.subarray(run.payload / 8, (run.payload + run.bytes) / 8);
    if (words.some(word => word !== words[0])) throw new Error(`run ${run.sequence} has other bytes than were written`);
    bytes += run.bytes;
  }
  heap.free(block);
  return bytes;
}

function dialPlainly<In, Out>({ address, clock, hello, greeted }: DialOptions<In, Out>): Promise<Connection<In, Out>> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', async () => {
      const connection: Connection<In, Out> = new Connection<In, Out>(socket, {
        clock,
        hello: await hello(address.host),
        asks: true,
        greeted(peer) {
          resolve(connection);
          return greeted(peer, connection);
        },
        failed: reject,
      });
    });
  });
}
