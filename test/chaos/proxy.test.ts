// That the proxy does to frames what it is asked to, and nothing else.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { HeddleError } from '../../lib/core/errors.js';
import { KEY, Peer, Service } from '../transport/tcp/sockets.js';
import { TamperingProxy } from './proxy.js';

describe('a proxy', () => {
  let service: Service;
  let proxy: TamperingProxy;
  beforeEach(async () => {
    service = await Service.open();
    proxy = await TamperingProxy.open({ key: KEY });
    proxy.lead(service.address);
  });
  afterEach(async () => {
    await proxy.close();
    await service.close();
  });

  const pair = async () => {
    const peer = new Peer();
    const here = await service.dial(peer, { address: proxy.address });
    return { here, peer, there: service.peers.at(-1)!.connection, far: service.peers.at(-1)!.peer };
  };

  test('carries what is not tampered with', async () => {
    const { here, peer, there, far } = await pair();
    const large = new Uint8Array(3_000_000).map((_, i) => i);
    for (const message of ['first', large, 'last']) here.send(message);
    there.send('back');
    await far.until(() => far.messages.length === 3);
    await peer.until(() => peer.messages.length === 1);
    assert.deepEqual(far.messages, ['first', large, 'last']);
    assert.equal(proxy.isIdle, false);
  });

  for (const pick of [0, 3, 4, 6, 9, 100_001]) {
    test(`changes one bit of one frame (byte ${pick}), which is found out`, async () => {
      const { here, peer, far } = await pair();
      const done: string[] = [];
      proxy.tamper('up', { kind: 'corrupt', after: 1, pick, done: () => void done.push('corrupt') });
      here.send('whole');
      here.send('this one is changed');
      // A changed length takes what follows for its own.
      for (let i = 0; i < 8; i++) here.send(new Uint8Array(200_000));
      const error: HeddleError = await far.closed();
      assert.match(error.code, /^HEDDLE_(?:CORRUPT|FRAME_LIMIT)$/);
      assert.deepEqual(far.messages, ['whole']);
      assert.deepEqual(done, ['corrupt']);
      assert.equal((await peer.closed()).code, 'HEDDLE_CONNECTION_LOST');
    });
  }

  test('cuts a frame short, and the connection with it', async () => {
    const { here, peer, far } = await pair();
    proxy.tamper('up', { kind: 'truncate', after: 0, pick: 7, done: () => {} });
    here.send('not whole');
    assert.equal((await far.closed()).code, 'HEDDLE_CONNECTION_LOST');
    await peer.closed();
    assert.deepEqual(far.messages, []);
  });

  test('cuts both ways', async () => {
    const { there, peer, far } = await pair();
    proxy.tamper('down', { kind: 'cut', after: 0, pick: 0, done: () => {} });
    there.send('nobody hears');
    await Promise.all([peer.closed(), far.closed()]);
    assert.deepEqual(peer.messages, []);
  });

  test('holds back one way until it is told, and not the other', async () => {
    const { here, peer, there, far } = await pair();
    let release = () => {};
    proxy.tamper('up', { kind: 'delay', after: 0, pick: 0, done: end => void (release = end) });
    here.send('late');
    here.send('later');
    there.send('meanwhile');
    await peer.until(() => peer.messages.length === 1);
    assert.deepEqual(far.messages, []);
    release();
    await far.until(() => far.messages.length === 2);
    assert.deepEqual(far.messages, ['late', 'later']);
  });

  test('lets wait who dials while it leads nowhere', async () => {
    proxy.lead(undefined);
    const peer = new Peer();
    const dialled = service.dial(peer, { address: proxy.address });
    proxy.lead(service.address);
    await dialled;
    assert.equal(service.peers.length, 1);
  });
});
