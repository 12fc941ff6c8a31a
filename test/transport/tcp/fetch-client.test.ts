// Streams that break, from the side of the one who fetches.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlainServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createServer } from 'node:tls';
import { frameHeader } from '../../../lib/codec/frame.js';
import type { ExecutorId, ShuffleId } from '../../../lib/core/ids.js';
import { FetchClient } from '../../../lib/transport/tcp/fetch-client.js';
import { FetchFailure } from '../../../lib/transport/tcp/fetch-stream.js';
import { encodeHello } from '../../../lib/transport/tcp/greeting.js';
import { FETCH_ATTEMPTS, FETCH_PAUSE_MS } from '../../../lib/transport/tcp/limits.js';
import { serverTls } from '../../../lib/transport/tcp/psk.js';
import { Value } from '../../../lib/transport/tcp/value-table.js';
import { FakeClock } from '../../fake-clock.js';
import { bookStore } from './cluster.js';
import { KEY } from './sockets.js';

test('a connection that breaks with the bytes behind its greeting is dialled again, and no stream waits for it', async () => {
  const clock = new FakeClock();
  const hello = encodeHello({ role: 'executor', name: 'x', threads: 1, memory: 1 << 20, serves: { host: '127.0.0.1', port: 1 } });
  let greeted = 0;
  const server = createServer(serverTls(KEY), socket => {
    socket.on('error', () => {});
    socket.once('data', () => {
      greeted++;
      socket.write(Buffer.concat([frameHeader(1, 0, [hello]), hello, Buffer.from('this is no frame')]));
    });
    // The next attempt comes after a pause, if there is one.
    socket.once('close', async () => {
      if (greeted === FETCH_ATTEMPTS) return;
      while (clock.timers.size === 0) await setImmediate();
      clock.advance(FETCH_ATTEMPTS * FETCH_PAUSE_MS);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { heap } = bookStore();
  const client = new FetchClient(heap, { session: 'session', key: KEY, clock });
  const fetched = client.fetch(
    {
      shuffle: 0 as ShuffleId,
      reduce: 0,
      executor: 'other' as ExecutorId,
      serves: { host: '127.0.0.1', port: (server.address() as { port: number }).port },
      maps: Uint32Array.of(0),
      tokens: Uint32Array.of(1),
    },
    new AbortController().signal,
  );
  await assert.rejects(fetched, error => error instanceof FetchFailure && error.coded.code === 'HEDDLE_FETCH_FAILED');
  assert.equal(greeted, FETCH_ATTEMPTS);
  assert.equal(heap.stats().blocks, 0);
  client.close();
  server.close();
});

test('a client that closes leaves no connection, also where it was still dialling for a shared value', async () => {
  // It takes the connection, and says nothing: a process that stands still.
  const server = createPlainServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new FetchClient(bookStore().heap, { session: 'session', key: KEY, clock: new FakeClock() });
  const { port } = server.address() as { port: number };
  const fetched = client.fetchValue(1, new Value(10), { host: '127.0.0.1', port });
  const [socket] = (await once(server, 'connection')) as [Socket];
  const closed = once(
    socket.resume().on('error', () => {}),
    'close',
  );
  client.close();
  await assert.rejects(fetched);
  await closed;
  server.close();
});
