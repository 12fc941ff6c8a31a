// What every transport must do, as tests: one task at a time through its contract, and jobs through a scheduler over it. A new
// one calls `testTransport` with a factory.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { readColumn } from '../../lib/codec/column.js';
import { idSequence, type MapId, type StageId } from '../../lib/core/ids.js';
import { inputsOf, type StoredInputs } from '../../lib/plan/branches.js';
import { buildStage } from '../../lib/plan/build-stage.js';
import { RDD } from '../../lib/rdd/rdd.js';
import { rangeOf } from '../../lib/rdd/sources.js';
import type { Scheduler } from '../../lib/scheduler/loop.js';
import type { TaskResult, TaskSpec } from '../../lib/task/spec.js';
import type { Slot, TaskOutcome, TaskSuccess, Transport } from '../../lib/transport/contract.js';
import { type Driver, driverSession } from '../session.js';

export interface TransportUnderTest extends Driver {
  /** Has two slots at least. */
  readonly transport: Transport<TaskSpec, TaskResult>;
  /** After the transport was closed. */
  cleanUp(): Promise<void>;
}

const nextStage = idSequence<StageId>(1_000_000);
const nextToken = idSequence<MapId>(1_000_000);

/** Ranges whose jobs run on a transport. */
export function sessionOver(driver: Driver) {
  const { scheduler, session } = driverSession(driver);
  return { scheduler, range: (n: number, partitions = 4) => new RDD<number>(session, rangeOf(session, [0, n, 1, partitions])) };
}

const nothingStored: StoredInputs = {
  stored: () => undefined,
  computed: (_leaf, _partition, inputs) => ({ kind: 'computed', inputs: inputs(), store: null }),
};

/** The task that collects one partition. */
export function collectTask(rdd: RDD<unknown>, partition = 0): TaskSpec {
  const built = buildStage(rdd.node, () => ({ kind: 'collect' }), 'collect', 0);
  const { branch, leaves, local } = built.locate(partition);
  return {
    stage: nextStage(),
    program: built.program,
    stageName: built.name,
    partition,
    local,
    attempt: 0,
    token: nextToken(),
    branch,
    inputs: inputsOf(leaves, local, nothingStored),
    output: null,
    shared: [],
    wanted: [],
    small: false,
  };
}

export function rowsOf(outcome: TaskOutcome<TaskResult>): unknown[] {
  assert.ok(outcome.ok, JSON.stringify(outcome));
  return outcome.result.columns.flatMap(column => Array.from(readColumn(column)));
}

const never = new AbortController().signal;

export function testTransport(name: string, make: () => Promise<TransportUnderTest>): void {
  describe(`transport contract: ${name}`, () => {
    let under: TransportUnderTest;
    let transport: Transport<TaskSpec, TaskResult>;
    let range: (n: number, partitions?: number) => RDD<number>;
    let scheduler: Scheduler<TaskSpec, TaskResult>;
    before(async () => {
      under = await make();
      ({ transport } = under);
      ({ range, scheduler } = sessionOver(under));
    });
    after(async () => {
      await scheduler.stop();
      await transport.close();
      await under.cleanUp();
    });

    const run = (rdd: RDD<unknown>, slot: Slot = transport.slots()[0]!, signal = never) => transport.run(collectTask(rdd), slot, signal);

    /** The slots that are no places in a queue. */
    const threads = () => transport.slots().filter(({ ahead }) => ahead !== true);

    test('its slots are objects of one shape', () => {
      // Else whatever reads one of them, for each task, looks its properties up anew.
      setFlagsFromString('--allow-natives-syntax');
      const haveSameShape = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean;
      const [first, ...others] = transport.slots();
      for (const slot of others) assert.ok(haveSameShape(first!, slot), JSON.stringify([first, slot]));
    });

    test('its slots have ids of their own, and say where they are', () => {
      const slots = transport.slots();
      assert.ok(slots.length >= 2);
      assert.equal(new Set(slots.map(({ id }) => id)).size, slots.length);
      for (const { executor, thread } of slots) assert.ok(executor !== '' && thread >= 0);
    });

    test('a task gives its rows and its metrics, in every slot', async () => {
      assert.notEqual(transport.slots()[0]!.ahead, true);
      for (const slot of transport.slots()) {
        const outcome = await run(
          range(10, 1).map(i => i * 3),
          slot,
        );
        assert.deepEqual(rowsOf(outcome), [0, 3, 6, 9, 12, 15, 18, 21, 24, 27]);
        assert.deepEqual(
          [(outcome as TaskSuccess<TaskResult>).result.rowsIn, (outcome as TaskSuccess<TaskResult>).result.rowsOut],
          [10, 10],
        );
      }
    });

    test('results may have no rows, or megabytes of them', async () => {
      assert.deepEqual(rowsOf(await run(range(10, 1).filter(i => i > 10))), []);
      const outcome = await run(range(400_000, 1).map(i => i / 2));
      assert.ok(outcome.ok);
      assert.equal(outcome.result.rowsOut, 400_000);
      const rows = outcome.result.columns.map(column => readColumn(column));
      assert.equal(
        rows.reduce((sum, { length }) => sum + length, 0),
        400_000,
      );
      const last = rows.at(-1)!;
      assert.equal(last[last.length - 1], 399_999 / 2);
    });

    test('slots run side by side', async () => {
      const slots = threads();
      const outcomes = await Promise.all(slots.map(slot => run(range(1000, 1), slot)));
      for (const outcome of outcomes) assert.equal(rowsOf(outcome).length, 1000);
    });

    test('a task in a queue runs when a thread is free, comes back unbegun, or is called off there', async () => {
      const places = transport.slots().filter(({ ahead }) => ahead === true);
      const busy = new AbortController();
      const endless = () =>
        range(10, 1).map(i => {
          for (;;) if (i < 0) return i;
        });
      const running = threads().map(slot => run(endless(), slot, busy.signal));
      const waiting = places.slice(0, 2).map((slot, i) => run(range(3, 1), slot, i === 0 ? never : AbortSignal.abort()));
      for (const [i, outcome] of (await Promise.all(waiting)).entries()) {
        assert.ok(!outcome.ok);
        assert.deepEqual([outcome.reason, outcome.retryable], i === 0 ? ['notBegun', true] : [undefined, false]);
      }
      busy.abort();
      const later = places.slice(0, 2).map(slot => run(range(3, 1), slot));
      await Promise.all(running);
      for (const outcome of await Promise.all(later))
        if (outcome.ok || outcome.reason !== 'notBegun') assert.equal(rowsOf(outcome).length, 3);
      for (const slot of places.slice(0, 2)) assert.equal(rowsOf(await run(range(3, 1), slot)).length, 3);
    });

    test("what the user's code throws is not to be retried, and tells where", async () => {
      const outcome = await run(
        range(10, 1).map(i => {
          if (i === 7) throw new TypeError('seven');
          return i;
        }),
      );
      assert.ok(!outcome.ok);
      assert.deepEqual([outcome.retryable, outcome.reason, outcome.lostSlot ?? false], [false, undefined, false]);
      assert.equal(outcome.error.code, 'HEDDLE_TASK_FAILED');
      assert.equal(outcome.error.cause?.name, 'TypeError');
      assert.equal(outcome.error.data?.partition, 0);
      assert.equal(rowsOf(await run(range(3, 1))).length, 3);
    });

    test('a task that is called off settles, and its slot goes on', async () => {
      for (const slot of threads()) {
        const controller = new AbortController();
        const endless = run(
          range(10, 1).map(i => {
            for (;;) if (i < 0) return i;
          }),
          slot,
          controller.signal,
        );
        controller.abort();
        const outcome = await endless;
        assert.equal(outcome.ok, false);
        assert.deepEqual(rowsOf(await run(range(2, 1), slot)), [0, 1]);
      }
    });

    test('a signal that is raised already is none to wait for', async () => {
      const outcome = await run(range(10, 1), threads()[1]!, AbortSignal.abort());
      if (!outcome.ok) assert.equal(outcome.reason, undefined);
      assert.equal(rowsOf(await run(range(2, 1), threads()[1]!)).length, 2);
    });

    test('a thread that ends is worth another attempt, which finds a slot', async () => {
      const outcome = await run(range(10, 1).map(i => process.exit(i + 3)));
      assert.ok(!outcome.ok);
      assert.equal(outcome.retryable, true);
      assert.equal(outcome.error.code, 'HEDDLE_THREAD_LOST');
      assert.equal(rowsOf(await run(range(3, 1))).length, 3);
    });

    test('jobs shuffle across all slots, and keep the order of their map partitions', async () => {
      const groups = await range(1000, 5)
        .map(i => [i % 10, i / 8] as const)
        .groupByKey(3)
        .collect();
      assert.equal(groups.length, 10);
      for (const [key, values] of groups) {
        assert.deepEqual(
          values,
          Array.from({ length: 100 }, (_, i) => (i * 10 + key) / 8),
        );
      }
      const texts = await range(20_000, 4)
        .map(i => [`key ${i % 5000}`, i] as const)
        .reduceByKey((a, b) => a + b, 4)
        .collect();
      assert.equal(texts.length, 5000);
      assert.equal(new Map(texts).get('key 4999'), 4999 * 4 + 5000 * 6);
    });

    test('a shuffle can be read again, and by another stage that shuffles', async () => {
      const pairs = range(1000, 4)
        .map(i => [i % 100, 1] as const)
        .reduceByKey((a, b) => a + b, 4);
      assert.equal(await pairs.count(), 100);
      assert.equal(await pairs.count(), 100);
      const again = await pairs
        .map(([key, n]) => [key % 2, n] as const)
        .reduceByKey((a, b) => a + b, 2)
        .collect();
      assert.deepEqual(
        again.sort((a, b) => a[0] - b[0]),
        [
          [0, 500],
          [1, 500],
        ],
      );
    });

    test('partitions of two shuffles are read together', async () => {
      const left = range(300, 3).map(i => [i % 30, i] as const);
      const right = range(60, 2).map(i => [i % 30, `r${i}`] as const);
      assert.equal(await left.join(right, 4).count(), 600);
      const zipped = left
        .partitionBy(2)
        .values()
        .zipPartitions(right.partitionBy(2).values(), (a, b) => [[...a].length, [...b].length]);
      const sizes = await zipped.collect();
      assert.equal(
        sizes.reduce((sum, n, i) => sum + (i % 2 === 0 ? (n as number) : 0), 0),
        300,
      );
    });

    test('tasks that run when it is closed settle, and so do those that come after', async () => {
      const other = await make();
      const slot = other.transport.slots()[0]!;
      const endless = other.transport.run(
        collectTask(
          range(10, 1).map(i => {
            for (;;) if (i < 0) return i;
          }),
        ),
        slot,
        never,
      );
      await other.transport.close();
      assert.equal((await endless).ok, false);
      assert.equal((await other.transport.run(collectTask(range(10, 1)), slot, never)).ok, false);
      await other.cleanUp();
    });
  });
}
