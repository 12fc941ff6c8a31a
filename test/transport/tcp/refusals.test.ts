// Who is not let in, with real sockets: each is refused, counted and told of once, and the service goes on.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, afterEach, beforeEach, describe, test } from 'node:test';
import { frameHeader } from '../../../lib/codec/frame.js';
import { HeddleError } from '../../../lib/core/errors.js';
import { encodeHello } from '../../../lib/transport/tcp/greeting.js';
import { GREETING_MS, MOST_FRAME, MOST_HALF_OPEN, MOST_HELLO } from '../../../lib/transport/tcp/limits.js';
import { deriveKey } from '../../../lib/transport/tcp/secret.js';
import { Peer, Service } from './sockets.js';

const utf8 = (text: string) => new TextEncoder().encode(text);
const frame = (type: number, payload: Uint8Array) => Buffer.concat([frameHeader(type, 0, [payload]), payload]);
const HELLO = 1;
const MESSAGE = 4;

/** Reads until the other end has closed. */
async function ended(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  // Not once(): how the end came, by a reset perhaps, is all the same.
  if (!socket.closed) await new Promise(resolve => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

describe('a listener refuses', () => {
  let service: Service;
  const services: Service[] = [];
  beforeEach(async () => void services.push((service = await Service.open())));
  afterEach(() => service.close());
  after(() => Promise.all(services.map(service => service.close())));

  /** All refusals that there are, which are those of one reason. */
  const refused = async (reason: string, count = 1) => {
    await service.isAlive();
    const counts = Object.entries(service.listener.refused).filter(([, n]) => n > 0);
    assert.deepEqual(counts, [[reason, count]]);
    assert.equal(service.logged.length, 1, service.logged.join('\n'));
    assert.match(service.logged[0]!, /^refused a connection from 127\.0\.0\.1:\d+: /);
  };

  test('who has another secret, and tells them', async () => {
    for (let i = 0; i < 2; i++) {
      await assert.rejects(service.dial(new Peer(), { key: deriveKey('another secret of somebody') }), error => {
        assert.ok(error instanceof HeddleError);
        assert.equal(error.code, 'HEDDLE_REFUSED', error.message);
        return true;
      });
    }
    await refused('secret', 2);
  });

  test('who speaks no TLS', async () => {
    const socket = await service.plain();
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await ended(socket);
    await refused('plainText');
  });

  test('who sends frames without TLS', async () => {
    const socket = await service.plain();
    socket.write(frame(HELLO, encodeHello({ role: 'driver', name: 'x' })));
    await ended(socket);
    await refused('plainText');
  });

  test('who has another version, and tells them', async () => {
    const socket = await service.secure();
    const hello = JSON.parse(Buffer.from(encodeHello({ role: 'driver', name: 'x' })).toString());
    socket.write(frame(HELLO, utf8(JSON.stringify({ ...hello, heddle: 999 }))));
    assert.match((await ended(socket)).toString(), /version 999 of the protocol, and this one \d+: install the same heddle/);
    await refused('version');
  });

  test('who writes values in another format', async () => {
    const socket = await service.secure();
    const hello = JSON.parse(Buffer.from(encodeHello({ role: 'driver', name: 'x' })).toString());
    socket.write(frame(HELLO, utf8(JSON.stringify({ ...hello, values: 1 }))));
    assert.match((await ended(socket)).toString(), /use the same Node/);
    await refused('version');
  });

  test('a greeting that is too long', async () => {
    const socket = await service.secure();
    socket.write(frameHeader(HELLO, 0, [new Uint8Array(MOST_HELLO + 1)]));
    await ended(socket);
    await refused('frame');
  });

  test('what is no greeting', async () => {
    const socket = await service.secure();
    socket.write(frame(HELLO, utf8('[1, 2')));
    await ended(socket);
    await refused('frame');
  });

  test('a frame that does not add up, after the greeting', async () => {
    const socket = await service.secure();
    socket.write(frame(HELLO, encodeHello({ role: 'fetcher', name: 'x' })));
    await once(socket, 'data');
    const bytes = frame(MESSAGE, utf8('anything'));
    bytes[14]! ^= 1;
    socket.write(bytes);
    await ended(socket);
    assert.equal((await service.peers[0]!.peer.closed()).code, 'HEDDLE_CORRUPT');
    await refused('frame');
  });

  test('noise after the greeting', async () => {
    const socket = await service.secure();
    socket.write(frame(HELLO, encodeHello({ role: 'fetcher', name: 'x' })));
    await once(socket, 'data');
    socket.write(Buffer.alloc(5000, 0xa5));
    await ended(socket);
    assert.ok(/CORRUPT|FRAME_LIMIT/.test((await service.peers[0]!.peer.closed()).code));
    await refused('frame');
  });

  test('a frame over the limit, after the greeting, by its header alone', async () => {
    const socket = await service.secure();
    socket.write(frame(HELLO, encodeHello({ role: 'fetcher', name: 'x' })));
    await once(socket, 'data');
    socket.write(frameHeader(MESSAGE, 0, [new Uint8Array(MOST_FRAME + 1)]));
    await ended(socket);
    assert.equal((await service.peers[0]!.peer.closed()).code, 'HEDDLE_FRAME_LIMIT');
    await refused('frame');
  });

  /** The timer of a connection runs as soon as the service has taken it. */
  const taken = async (count: number) => {
    while (service.clock.timers.size < count) await new Promise(resolve => setImmediate(resolve));
  };

  test('who says nothing', async () => {
    const socket = await service.plain();
    await taken(1);
    service.clock.advance(GREETING_MS - 1);
    assert.equal(service.listener.refused.slow, 0);
    service.clock.advance(1);
    await ended(socket);
    await refused('slow');
  });

  test('who says it byte by byte', async () => {
    const socket = await service.plain();
    await taken(1);
    // The start of a TLS record, never to be finished.
    for (const byte of [0x16, 0x03, 0x01, 0x02]) {
      socket.write(Buffer.from([byte]));
      service.clock.advance(GREETING_MS / 5);
    }
    assert.equal(service.listener.refused.slow, 0);
    service.clock.advance(GREETING_MS / 5);
    await ended(socket);
    await refused('slow');
  });

  test('who greets byte by byte, though they know the secret', async () => {
    const socket = await service.secure();
    const bytes = frame(HELLO, encodeHello({ role: 'fetcher', name: 'x' }));
    for (let i = 0; i < 4; i++) {
      socket.write(bytes.subarray(i, i + 1));
      service.clock.advance(GREETING_MS / 5);
    }
    service.clock.advance(GREETING_MS / 5);
    await ended(socket);
    await refused('slow');
  });

  test('more than so many at their greeting at once', async () => {
    for (let i = 0; i < MOST_HALF_OPEN; i++) {
      await service.plain();
      await taken(i + 1);
    }
    await ended(await service.plain());
    assert.equal(service.listener.refused.crowded, 1);
    for (const socket of service.sockets) socket.destroy();
    while (service.clock.timers.size > 0) await new Promise(resolve => setImmediate(resolve));
    const { closed, crowded } = service.listener.refused;
    assert.deepEqual([closed, crowded], [MOST_HALF_OPEN, 1]);
    await service.isAlive();
  });

  test('who is turned away by who they are', async () => {
    const strict = await Service.open({
      greeted: () => {
        throw new HeddleError('HEDDLE_REFUSED', 'one driver is enough');
      },
    });
    services.push(strict);
    await assert.rejects(strict.dial(), /refused the connection: one driver is enough/);
    assert.equal(strict.listener.refused.role, 1);
  });
});
