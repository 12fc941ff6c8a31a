// What goes wrong between a driver and its executors, by clocks that stand still until they are moved.
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { HeddleError } from '../../../lib/core/errors.js';
import type { Slot } from '../../../lib/transport/contract.js';
import { dial } from '../../../lib/transport/tcp/dial.js';
import { ACKNOWLEDGE_MS, ACKNOWLEDGEMENT_MS, HEARTBEAT_MS, LEASE_MS, REDIAL_MS, SILENCE_MS } from '../../../lib/transport/tcp/limits.js';
import { deriveKey } from '../../../lib/transport/tcp/secret.js';
import { collectTask, rowsOf, sessionOver } from '../../conformance/transport.js';
import { FakeClock } from '../../fake-clock.js';
import { Cluster, type ClusterOptions, SECRET, threadsOf } from './cluster.js';
import { Peer } from './sockets.js';

const never = new AbortController().signal;

/** A cluster that is closed after the test, however that ends. */
async function open(t: TestContext, options: ClusterOptions): Promise<Cluster> {
  const cluster = await Cluster.open(options);
  t.after(() => cluster.close());
  return cluster;
}

/** Runs for ever, once it has begun: `began` of the slot's executor says so. */
function endless(cluster: Cluster, slot: Slot) {
  const { range } = sessionOver(cluster.driver);
  const task = collectTask(
    range(10, 1).map(i => {
      for (;;) if (i < 0) return i;
    }),
  );
  return cluster.driver.transport.run(task, slot, never);
}

/** Runs for ever; resolves once the executor has said that it has the task. */
async function taken(cluster: Cluster, slot: Slot, driverClock: FakeClock, executorClock: FakeClock) {
  const { tasks } = (cluster.executors[0] as unknown as { session: { tasks: Map<number, unknown> } }).session;
  const timers = driverClock.timers.size;
  const outcome = endless(cluster, slot);
  // The one that waits for the executor's word, from when the task has gone out.
  while (driverClock.timers.size === timers) await setImmediate();
  while (tasks.size === 0) await setImmediate();
  executorClock.advance(ACKNOWLEDGEMENT_MS);
  while (driverClock.timers.size > timers) await setImmediate();
  return { outcome };
}

/** Moves a clock on, so that timers on the way can do their work, until something is so. */
async function advanceUntil(clock: FakeClock, step: number, most: number, condition: () => boolean): Promise<number> {
  let time = 0;
  for (; time < most && !condition(); time += step) {
    clock.advance(step);
    for (let turn = 0; turn < 3; turn++) await setImmediate();
  }
  return time;
}

describe('an executor', () => {
  test('that falls silent is lost with its tasks', async t => {
    const [driverClock, executorClock] = [new FakeClock(), new FakeClock()];
    const cluster = await open(t, { executors: [1], driverClock, executorClock });
    const slot = cluster.driver.transport.slots()[0]!;
    const { outcome } = await taken(cluster, slot, driverClock, executorClock);
    // From now on its clock stands still, so it sends no heartbeats: frozen, as far as the driver can tell.
    const time = await advanceUntil(driverClock, HEARTBEAT_MS, 10 * SILENCE_MS, () => cluster.lost.length > 0);
    assert.ok(time >= SILENCE_MS && time <= SILENCE_MS + 2 * HEARTBEAT_MS, `${time} ms`);
    const failure = await outcome;
    assert.ok(!failure.ok);
    assert.deepEqual([failure.reason, failure.retryable, failure.lostSlot], ['lost', true, true]);
    assert.equal(failure.error.code, 'HEDDLE_EXECUTOR_LOST');
    assert.equal(cluster.lost[0]!.executor, slot.executor);
    assert.match(cluster.lost[0]!.error.message, /nothing was heard from the other end/);
    assert.deepEqual(cluster.driver.transport.slots(), []);
  });

  test('works for a silent driver no longer than its lease', async t => {
    const [driverClock, executorClock] = [new FakeClock(), new FakeClock()];
    const cluster = await open(t, { executors: [1], driverClock, executorClock });
    const outcome = endless(cluster, cluster.driver.transport.slots()[0]!);
    const { session } = cluster.executors[0] as unknown as { session: { isOver: boolean } };
    const time = await advanceUntil(executorClock, HEARTBEAT_MS, 10 * LEASE_MS, () => session.isOver);
    assert.ok(time >= LEASE_MS && time <= LEASE_MS + 2 * HEARTBEAT_MS, `${time} ms`);
    await cluster.until(() => cluster.logged.some(message => message.startsWith('has done with the driver')));
    assert.equal((await outcome).ok, false);
  });

  test('that is lost and dials again is another one, as good as new', async t => {
    const executorClock = new FakeClock();
    const cluster = await open(t, { executors: [1], executorClock });
    const { transport } = cluster.driver;
    const first = transport.slots()[0]!;
    const { range } = sessionOver(cluster.driver);
    const link = (transport as unknown as { executors: Map<string, { connection: { destroy(error: HeddleError): void } }> }).executors;
    link.get(first.executor)!.connection.destroy(new HeddleError('HEDDLE_CONNECTION_LOST', 'cut'));
    await cluster.until(() => cluster.lost.length === 1);
    assert.equal((await transport.run(collectTask(range(3, 1)), first, never)).ok, false);
    await cluster.until(() => cluster.logged.some(message => message.startsWith('has done with')));
    while (executorClock.timers.size === 0) await setImmediate();
    executorClock.advance(REDIAL_MS);
    await cluster.until(() => threadsOf(transport).length === 1);
    const second = transport.slots()[0]!;
    assert.notEqual(second.executor, first.executor);
    assert.notEqual(second.id, first.id);
    assert.deepEqual(rowsOf(await transport.run(collectTask(range(3, 1)), second, never)), [0, 1, 2]);
  });

  test('that takes no task in time has timed out, and stays', async t => {
    const driverClock = new FakeClock();
    const cluster = await open(t, { executors: [], driverClock });
    const { transport } = cluster.driver;
    const peer = new Peer();
    // Somebody who knows the secret, and answers nothing.
    await dial<unknown, unknown>({
      address: transport.address!,
      key: deriveKey(SECRET),
      clock: driverClock,
      hello: () => ({ role: 'executor', name: 'deaf', threads: 1, memory: 1, serves: { host: '127.0.0.1', port: 1 } }),
      greeted: () => peer.events,
    });
    await cluster.until(() => threadsOf(transport).length === 1);
    const { range } = sessionOver(cluster.driver);
    const slot = transport.slots()[0]!;
    const outcome = transport.run(collectTask(range(3, 1)), slot, never);
    await peer.until(() => peer.messages.some(message => (message as { type: string }).type === 'tasks'));
    await advanceUntil(driverClock, HEARTBEAT_MS, ACKNOWLEDGE_MS, () => false);
    const failure = await outcome;
    assert.ok(!failure.ok);
    assert.deepEqual([failure.reason, failure.retryable, failure.error.code], ['timeout', true, 'HEDDLE_TIMEOUT']);
    await peer.until(() => peer.messages.some(message => (message as { type: string }).type === 'cancel'));
    assert.deepEqual(threadsOf(transport), [slot]);
  });

  test('says that it has a task that takes long', async t => {
    const [driverClock, executorClock] = [new FakeClock(), new FakeClock()];
    const cluster = await open(t, { executors: [1], driverClock, executorClock });
    const { transport } = cluster.driver;
    const { outcome } = await taken(cluster, transport.slots()[0]!, driverClock, executorClock);
    const late = await Promise.race([outcome, setImmediate('still under way')]);
    assert.equal(late, 'still under way');
  });

  test('that dies takes its shuffle data with it, which is made again', async t => {
    const cluster = await open(t, { executors: [1, 1] });
    const { range, scheduler } = sessionOver(cluster.driver);
    const sums = range(1000, 6)
      .map(i => [i % 50, i] as const)
      .reduceByKey((a, b) => a + b, 4);
    const expected = (await sums.collect()).sort((a, b) => a[0] - b[0]);
    await cluster.executors[0]!.close();
    await cluster.until(() => cluster.lost.length === 1);
    assert.deepEqual(
      (await sums.collect()).sort((a, b) => a[0] - b[0]),
      expected,
    );
    await scheduler.stop();
  });

  test('works for one driver at a time', async t => {
    const cluster = await open(t, { executors: [1], dialled: true });
    const address = cluster.executors[0]!.address!;
    const second = dial<unknown, unknown>({
      address,
      key: deriveKey(SECRET),
      clock: new FakeClock(),
      hello: () => ({ role: 'driver', name: 'second' }),
      greeted: () => new Peer().events,
    });
    await assert.rejects(
      second,
      error => error instanceof HeddleError && error.code === 'HEDDLE_REFUSED' && /another driver/.test(error.message),
    );
    assert.equal(cluster.executors[0]!.refused!.busy, 1);
  });

  test('gives back all memory of a driver that is gone, and of shuffles that nobody reads', async t => {
    const cluster = await open(t, { executors: [1, 1] });
    const { range, scheduler } = sessionOver(cluster.driver);
    const groups = range(10_000, 4)
      .map(i => [`k${i % 100}`, i] as const)
      .groupByKey(4);
    assert.equal(await groups.count(), 100);
    const heaps = cluster.executors.map(
      executor => (executor as unknown as { session: { heap: { stats(): { blocks: number }; verify(): void } } }).session.heap,
    );
    assert.ok(heaps.every(heap => heap.stats().blocks > 0));
    const { ref } = (groups.node as unknown as { shuffle: { ref: Parameters<typeof cluster.driver.outputs.free>[0] } }).shuffle;
    cluster.driver.outputs.free(ref);
    while (heaps.some(heap => heap.stats().blocks > 0)) await setImmediate();
    for (const heap of heaps) heap.verify();
    await scheduler.stop();
  });
});
