import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { createServer } from 'node:tls';
import { HeddleError } from '../../../lib/core/errors.js';
import type { Connection } from '../../../lib/transport/tcp/connection.js';
import { dial } from '../../../lib/transport/tcp/dial.js';
import { HEARTBEAT_MS, MOST_MESSAGE, PART, SILENCE_MS } from '../../../lib/transport/tcp/limits.js';
import { serverTls } from '../../../lib/transport/tcp/psk.js';
import { FakeClock } from '../../fake-clock.js';
import { KEY, Peer, Service } from './sockets.js';

describe('a connection', () => {
  let service: Service;
  beforeEach(async () => void (service = await Service.open()));
  afterEach(() => service.close());

  /** Both ends: the one that dialled, and the one that took it. */
  const pair = async () => {
    const peer = new Peer();
    const here = await service.dial(peer);
    const there = service.peers.at(-1)!;
    return { here, peer, there: there.connection, far: there.peer };
  };

  test('carries messages both ways, in order, however large', async () => {
    const { here, peer, there, far } = await pair();
    const large = new Uint8Array(3 * PART + 77).map((_, i) => i * 7);
    const messages = ['first', { large }, [1, 2n, undefined], { large: large.subarray(5, PART + 5) }, 'last'];
    for (const message of messages) here.send(message);
    for (const message of messages) there.send(message);
    await far.until(() => far.messages.length === messages.length);
    await peer.until(() => peer.messages.length === messages.length);
    assert.deepEqual(far.messages, messages);
    assert.deepEqual(peer.messages, messages);
  });

  test('lets an urgent message overtake a large one', async () => {
    const { here, far } = await pair();
    here.send(new Uint8Array(40 * PART));
    here.send('behind it');
    here.sendNow('urgent');
    await far.until(() => far.messages.length === 3);
    assert.deepEqual([far.messages[0], far.messages[2]], ['urgent', 'behind it']);
  });

  test('holds back where the other end does not read, and says when there is room', async () => {
    const { here, there, far } = await pair();
    const socket = (there as unknown as { socket: { pause(): void; resume(): void } }).socket;
    socket.pause();
    here.send(new Uint8Array(200 * PART));
    let isThrough = false;
    const room = here.room().then(() => (isThrough = true));
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
    assert.equal(isThrough, false);
    assert.ok((here as unknown as { socket: { writableLength: number } }).socket.writableLength < 8 * PART);
    socket.resume();
    await room;
    await far.until(() => far.messages.length === 1);
  });

  test('carries raw bytes to where the other end wants them', async () => {
    const arrived: Uint8Array[] = [];
    const peer = new Peer();
    const heap = new Uint8Array(new SharedArrayBuffer(100));
    const dataTarget = (length: number) => heap.subarray(10, 10 + length);
    const data = (bytes: Uint8Array) => void arrived.push(bytes);
    await service.dial(peer, { greeted: () => ({ ...peer.events, dataTarget, data }) });
    const there = service.peers.at(-1)!.connection;
    there.sendData([new Uint8Array([1, 2]), new Uint8Array([3])]);
    there.send('done');
    await peer.until(() => peer.messages.length === 1);
    assert.deepEqual([...heap.subarray(9, 14)], [0, 1, 2, 3, 0]);
    assert.equal(arrived[0]!.buffer, heap.buffer);
  });

  test('refuses raw bytes where none are due', async () => {
    const { here, far, peer } = await pair();
    here.sendData([new Uint8Array(5)]);
    assert.equal((await far.closed()).code, 'HEDDLE_CORRUPT');
    assert.equal((await peer.closed()).code, 'HEDDLE_CONNECTION_LOST');
  });

  test('tells both ends of its end, once, and takes no more', async () => {
    const { here, peer, there, far } = await pair();
    here.send('before');
    await here.close();
    here.send('after');
    await far.closed();
    assert.deepEqual(far.messages, ['before']);
    assert.equal((await peer.closed()).code, 'HEDDLE_CONNECTION_LOST');
    there.send('nobody hears');
    await there.room();
  });

  const beats = async (connection: Connection<unknown, unknown>, milliseconds: number) => {
    const state = connection as unknown as { lastHeard: number };
    const before = state.lastHeard;
    service.clock.advance(milliseconds);
    while (state.lastHeard === before) await new Promise(resolve => setImmediate(resolve));
  };

  test('stays while nothing is to say, by its heartbeats', async () => {
    const { here, peer, there, far } = await pair();
    for (let time = 0; time < 3 * SILENCE_MS; time += HEARTBEAT_MS) {
      await Promise.all([beats(here, HEARTBEAT_MS), beats(there, 0)]);
    }
    assert.deepEqual([peer.error, far.error], [undefined, undefined]);
  });

  test('ends where the other end falls silent', async () => {
    const { peer, there } = await pair();
    // Stopped, as a process is by SIGSTOP: it reads nothing and writes nothing.
    const other = there as unknown as { stopBeating(): void; socket: { pause(): void } };
    other.stopBeating();
    other.socket.pause();
    for (let time = 0; time <= SILENCE_MS; time += HEARTBEAT_MS) {
      assert.equal(peer.error, undefined, `after ${time} ms`);
      service.clock.advance(HEARTBEAT_MS);
    }
    service.clock.advance(HEARTBEAT_MS);
    const error = await peer.closed();
    assert.match(error.message, /nothing was heard from the other end for \d+ s/);
  });

  test('refuses to send a message that is too long, and goes on', async () => {
    const { here, far } = await pair();
    const part = new Uint8Array(2 ** 26);
    const parts = Array.from({ length: MOST_MESSAGE / part.length }, () => part.subarray());
    assert.throws(() => here.send(parts), { code: 'HEDDLE_FRAME_LIMIT', message: /use more partitions/ });
    here.send('after it');
    await far.until(() => far.messages.length === 1);
  });

  test('says when a message has gone to the socket, which waits for the other end', async () => {
    const { here, there, far } = await pair();
    const socket = (there as unknown as { socket: { pause(): void; resume(): void } }).socket;
    socket.pause();
    const written: string[] = [];
    here.send(new Uint8Array(200 * PART), () => written.push('long'));
    here.send('short', () => written.push('short'));
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
    assert.deepEqual(written, []);
    socket.resume();
    await far.until(() => far.messages.length === 2);
    assert.deepEqual(written, ['long', 'short']);
  });

  test('is not kept by an end that reads no more when it is closed', async () => {
    const { here, there } = await pair();
    const { socket } = here as unknown as { socket: Socket };
    const other = there as unknown as { stopBeating(): void; socket: Socket };
    other.stopBeating();
    other.socket.pause();
    // Until the system takes no more, and something waits in the socket.
    for (let stuck = 0; stuck < 20; stuck = socket.writableLength > 0 ? stuck + 1 : 0) {
      if (socket.writableLength === 0) here.send(new Uint8Array(PART));
      await new Promise(resolve => setImmediate(resolve));
    }
    await here.close();
    assert.equal(socket.destroyed, false);
    service.clock.advance(SILENCE_MS);
    assert.equal(socket.destroyed, true);
  });

  test('does not take a whole message for granted: what is announced too long is refused', async () => {
    const { here, far } = await pair();
    const length = new Uint8Array(8);
    new DataView(length.buffer).setFloat64(0, MOST_MESSAGE + 1, true);
    const raw = here as unknown as { write(frame: { type: number; parts: Uint8Array[] }): void };
    raw.write({ type: 5, parts: [length] });
    assert.equal((await far.closed()).code, 'HEDDLE_FRAME_LIMIT');
  });
});

describe('dialling', () => {
  test('says that nobody is there', async () => {
    const service = await Service.open();
    const { address } = service;
    await service.close();
    const nobody = dial<unknown, unknown>({
      address,
      key: KEY,
      clock: service.clock,
      hello: () => ({ role: 'driver', name: 'x' }),
      greeted: () => new Peer().events,
    });
    await assert.rejects(nobody, error => error instanceof HeddleError && error.code === 'HEDDLE_UNREACHABLE');
  });

  test('takes a greeting that came damaged for one that did not come', async () => {
    const server = createServer(serverTls(KEY), socket => socket.end('this is no frame')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const dialled = dial<unknown, unknown>({
      address: { host: '127.0.0.1', port: (server.address() as { port: number }).port },
      key: KEY,
      clock: new FakeClock(),
      hello: () => ({ role: 'driver', name: 'x' }),
      greeted: () => new Peer().events,
    });
    await assert.rejects(dialled, { code: 'HEDDLE_UNREACHABLE', message: /the header of a frame is wrong/ });
    server.close();
  });

  test('can be called off', async () => {
    const service = await Service.open();
    const controller = new AbortController();
    const dialled = service.dial(new Peer(), { signal: controller.signal });
    controller.abort();
    await assert.rejects(dialled, error => error instanceof HeddleError && error.code === 'HEDDLE_CANCELLED');
    await service.close();
  });
});
