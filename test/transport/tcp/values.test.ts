// Broadcast values on executors: each gets them once, from the driver or from another executor, whatever happens on the way.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Context } from '../../../lib/context.js';
import { SYSTEM_CLOCK } from '../../../lib/core/clock.js';
import { HeddleError } from '../../../lib/core/errors.js';
import type { ValueDelivered } from '../../../lib/core/events.js';
import { parseAddress } from '../../../lib/transport/tcp/address.js';
import { Connection } from '../../../lib/transport/tcp/connection.js';
import { Executor } from '../../../lib/transport/tcp/executor.js';
import { FetchServer } from '../../../lib/transport/tcp/fetch-server.js';
import { PART } from '../../../lib/transport/tcp/limits.js';
import type { FromFetcher, FromServer } from '../../../lib/transport/tcp/messages.js';
import { deriveKey } from '../../../lib/transport/tcp/secret.js';
import { LEAST_BETWEEN } from '../../../lib/transport/tcp/value-sources.js';
import { type Value, ValueTable } from '../../../lib/transport/tcp/value-table.js';
import { type FrameFault, TamperingProxy } from '../../chaos/proxy.js';
import { servesOf, withServes } from '../../chaos/wire.js';
import { SECRET } from './cluster.js';

const MIB = 2 ** 20;

/** A context, and executors of one thread that dial it; what each serves goes through a proxy of its own. */
class Fleet {
  readonly deliveries: ValueDelivered[] = [];
  readonly executors: Executor[] = [];
  /** Before what each executor serves, and between it and the driver. */
  readonly proxies: { readonly peers: TamperingProxy; readonly driver: TamperingProxy }[] = [];
  sc!: Context;

  static async open(t: TestContext, executors: number): Promise<Fleet> {
    const fleet = new Fleet();
    fleet.sc = await Context.create({ listen: '127.0.0.1:0', secret: SECRET, threads: 2, progress: false });
    t.after(() => fleet.close());
    fleet.sc.on('valueDelivered', event => fleet.deliveries.push(event));
    for (let i = 0; i < executors; i++) await fleet.add();
    return fleet;
  }

  /** Resolves when the context has it. */
  async add(): Promise<void> {
    const key = deriveKey(SECRET);
    const peers = await TamperingProxy.open({ key });
    const driver: TamperingProxy = await TamperingProxy.open({
      key,
      rewrite(frame) {
        const serves = servesOf(frame);
        if (serves === undefined) return frame;
        peers.lead(serves);
        return withServes(frame, peers.address);
      },
    });
    driver.lead(parseAddress('listen', this.sc.address!));
    this.proxies.push({ peers, driver });
    let tell = (): void => {};
    const atWork = new Promise<void>(resolve => {
      tell = resolve;
    });
    const log = (message: string): void => {
      if (message.startsWith('works for')) tell();
    };
    const place = { threads: 1, memory: 64 * MIB, kernels: 'on', secret: SECRET, connect: driver.address, log } as const;
    this.executors.push(await Executor.start(place));
    await atWork;
  }

  /** What a job gives that reads the value in a task on each executor, and some more. */
  readAll(table: { readonly value: Float64Array }): Promise<number[]> {
    return this.sc
      .range(0, 12, 1, 12)
      .map(i => table.value[table.value.length - 1 - i]! + table.value.length)
      .collect();
  }

  /** The values that an executor has. */
  valuesOf(executor: number): ReadonlyMap<number, Value> {
    return (this.executors[executor] as unknown as { session: { values: { values: Map<number, Value> } } }).session.values.values;
  }

  /** What the driver knows of who has which value. */
  get sources(): ReadonlyMap<number, unknown> {
    return (this.sc as unknown as { transport: { fleet: { sources: { byKey: Map<number, unknown> } } } }).transport.fleet.sources.byKey;
  }

  private async close(): Promise<void> {
    await this.sc.stop();
    await Promise.all(this.executors.map(executor => executor.close()));
    await Promise.all(this.proxies.flatMap(({ peers, driver }) => [peers.close(), driver.close()]));
  }
}

/** A value of so many bytes, and a little more; what readAll gives for it. */
function tableOf(bytes: number) {
  const table = Float64Array.from({ length: Math.ceil(bytes / 8) }, (_, i) => Math.sin(i));
  const read = Array.from({ length: 12 }, (_, i) => table[table.length - 1 - i]! + table.length);
  return { table, read };
}

describe('a broadcast value', () => {
  test('comes to each executor once: where it is large, once from the driver and else from each other', async t => {
    const fleet = await Fleet.open(t, 4);
    const { table, read } = tableOf(3 * MIB + 100_000);
    const shared = fleet.sc.broadcast(table);
    assert.deepEqual(await fleet.readAll(shared), read);
    assert.deepEqual(await fleet.readAll(shared), read);
    const { deliveries } = fleet;
    assert.equal(deliveries.length, 4);
    assert.equal(new Set(deliveries.map(({ executor }) => executor)).size, 4);
    const [{ bytes }] = deliveries as [ValueDelivered];
    assert.ok(bytes > table.byteLength);
    assert.deepEqual(
      deliveries.map(({ fromPeers }) => fromPeers).sort((a, b) => a - b),
      [0, bytes, bytes, bytes],
    );
    const { shared: all, sharedByPeers } = fleet.sc.lastJob!;
    assert.deepEqual([all, sharedByPeers], [0, 0], 'the second job had it');
    // One that comes later gets it from those that have it.
    await fleet.add();
    assert.deepEqual(await fleet.readAll(shared), read);
    assert.deepEqual([fleet.sc.lastJob!.shared, fleet.sc.lastJob!.sharedByPeers], [bytes, bytes]);
  });

  test('comes from the driver where it is small', async t => {
    const fleet = await Fleet.open(t, 2);
    const { table, read } = tableOf(LEAST_BETWEEN / 2);
    assert.deepEqual(await fleet.readAll(fleet.sc.broadcast(table)), read);
    assert.deepEqual(
      fleet.deliveries.map(({ fromPeers }) => fromPeers),
      [0, 0],
    );
  });

  test('leaves all executors with unpersist and destroy, and the books of the driver', async t => {
    const fleet = await Fleet.open(t, 3);
    const { table, read } = tableOf(2 * MIB);
    const shared = fleet.sc.broadcast(table);
    const others = () => fleet.sc.range(0, 12, 1, 12).count();
    const held = () => fleet.executors.map((_, i) => fleet.valuesOf(i).size);
    assert.deepEqual(await fleet.readAll(shared), read);
    assert.deepEqual([held(), fleet.sources.size], [[1, 1, 1], 1]);
    shared.unpersist();
    await others();
    assert.deepEqual([held(), fleet.sources.size], [[0, 0, 0], 0]);
    assert.deepEqual(await fleet.readAll(shared), read);
    assert.equal(fleet.deliveries.length, 6);
    shared.destroy();
    await others();
    assert.deepEqual([held(), fleet.sources.size], [[0, 0, 0], 0]);
  });

  const faults: readonly FrameFault[] = ['cut', 'corrupt', 'truncate'];
  for (const kind of faults) {
    test(`that does not come from another executor as it should (${kind}) goes on from the driver`, async t => {
      const fleet = await Fleet.open(t, 2);
      let struck = 0;
      // The third block: before it are the greeting, and two blocks, each behind its announcement.
      for (const { peers } of fleet.proxies) peers.tamper('down', { kind, after: 6, pick: 5000, done: () => struck++ });
      const { table, read } = tableOf(4 * MIB);
      assert.deepEqual(await fleet.readAll(fleet.sc.broadcast(table)), read);
      assert.equal(struck, 1);
      assert.deepEqual(
        fleet.deliveries.map(({ fromPeers }) => fromPeers).sort((a, b) => a - b),
        [0, 2 * PART],
      );
    });
  }

  test('goes on from the driver where the executor that gives it ends in the middle', async t => {
    const fleet = await Fleet.open(t, 2);
    const ended: Promise<void>[] = [];
    for (const [i, executor] of fleet.executors.entries()) {
      fleet.proxies[i]!.peers.tamper('down', { kind: 'cut', after: 6, pick: 0, done: () => ended.push(executor.close()) });
    }
    const { table, read } = tableOf(4 * MIB);
    assert.deepEqual(await fleet.readAll(fleet.sc.broadcast(table)), read);
    assert.equal(ended.length, 1);
    await ended[0];
    const [second] = fleet.deliveries.filter(({ fromPeers }) => fromPeers > 0);
    assert.equal(second!.fromPeers, 2 * PART);
  });
});

describe('an executor that gives a value', () => {
  const nothing = { find: () => undefined };
  const request = (value: number, from = 0, session = 'session') => ({ type: 'fetch', request: { session, value, from } }) as const;

  /** A fetcher that takes so many blocks at once and no more, and what it was sent. */
  function serve(values: Pick<ValueTable, 'find'>) {
    const sent: FromServer[] = [];
    const data: Uint8Array[] = [];
    let room: (() => void) | undefined;
    const connection = Object.assign(Object.create(Connection.prototype) as Connection<FromFetcher, FromServer>, {
      send: (message: FromServer) => void sent.push(message),
      sendData: (parts: readonly Uint8Array[]) => void data.push(...parts),
      room: () =>
        new Promise<void>(resolve => {
          room = resolve;
        }),
    });
    const unused = undefined as never;
    const { message } = new FetchServer('session', unused, unused, unused, values).events(connection);
    const turn = () => new Promise<void>(resolve => SYSTEM_CLOCK.after(0, resolve));
    return { sent, data, message, turn, goOn: () => room!() };
  }

  function tableWith(bytes: number): { readonly values: ValueTable; readonly told: unknown[] } {
    const told: unknown[] = [];
    const values = new ValueTable(
      () => Promise.reject(new Error('nobody')),
      message => told.push(message),
    );
    values.begin({ type: 'value', key: 1, bytes, peer: undefined });
    return { values, told };
  }

  test('gives a block when it has it, holds no copies, and no second one before the first has gone', async () => {
    const { values, told } = tableWith(2 * PART + 10);
    const bytes = Uint8Array.from({ length: 2 * PART + 10 }, (_, i) => i % 251);
    const { sent, data, message, turn, goOn } = serve(values);
    message(request(1));
    values.add({ type: 'valuePart', key: 1, at: 0, bytes: bytes.subarray(0, PART - 1) });
    await turn();
    assert.equal(sent.length, 0, 'a byte of the first block is still to come');
    values.add({ type: 'valuePart', key: 1, at: PART - 1, bytes: bytes.subarray(PART - 1) });
    assert.deepEqual(told, [{ type: 'valueWhole', key: 1, fromPeers: 0 }]);
    for (let block = 1; block <= 3; block++) {
      await turn();
      assert.equal(data.length, block);
      goOn();
    }
    await turn();
    assert.deepEqual(sent.at(-1), { type: 'end', blocks: 3 });
    assert.deepEqual(Buffer.concat(data), Buffer.from(bytes));
    for (const part of data) assert.equal(part.buffer, values.find(1)!.bytes.buffer);
  });

  test('says so where the rest will not come to itself', async () => {
    const { values } = tableWith(2 * PART);
    const { sent, message, turn, goOn } = serve(values);
    message(request(1));
    values.add({ type: 'valuePart', key: 1, at: 0, bytes: new Uint8Array(PART) });
    await turn();
    goOn();
    await turn();
    values.close(new HeddleError('HEDDLE_CONNECTION_LOST', 'the driver is gone'));
    await turn();
    assert.deepEqual(sent, [
      { type: 'block', bytes: PART },
      { type: 'missing', maps: [] },
    ]);
  });

  test('says that it has not got a value of another driver, or one that it has let go', async () => {
    const { values } = tableWith(PART);
    for (const [table, asked] of [
      [values, request(1, 0, 'another session')],
      [values, request(2)],
      [nothing, request(1)],
    ] as const) {
      const { sent, message, turn } = serve(table);
      message(asked);
      await turn();
      assert.deepEqual(sent, [{ type: 'missing', maps: [] }]);
    }
  });

  test('asks the driver for what nobody else gives it, from where it is, and takes only what is due', async () => {
    const told: unknown[] = [];
    const values = new ValueTable(
      async (_key, value) => {
        value.bytes.fill(1, 0, 4);
        value.fromPeers += 4;
        value.grow(4);
        throw new Error('and no more');
      },
      message => told.push(message),
    );
    values.begin({ type: 'value', key: 1, bytes: 6, peer: { host: '127.0.0.1', port: 1 } });
    await values.find(1)!.until(4);
    await new Promise<void>(resolve => SYSTEM_CLOCK.after(0, resolve));
    assert.deepEqual(told, [{ type: 'valueMissing', key: 1, from: 4 }]);
    const part = (at: number, bytes: number) => ({ type: 'valuePart', key: 1, at, bytes: new Uint8Array(bytes).fill(2) }) as const;
    assert.throws(() => values.add(part(5, 1)), { code: 'HEDDLE_CORRUPT' });
    assert.throws(() => values.add(part(4, 3)), { code: 'HEDDLE_CORRUPT' });
    values.add(part(4, 2));
    assert.deepEqual([...values.find(1)!.bytes], [1, 1, 1, 1, 2, 2]);
    assert.deepEqual(told.at(-1), { type: 'valueWhole', key: 1, fromPeers: 4 });
  });
});
