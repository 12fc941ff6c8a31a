import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { HeddleError } from '../../lib/core/errors.js';
import { Scheduler } from '../../lib/scheduler/loop.js';
import type { TaskRef } from '../../lib/scheduler/messages.js';
import type { Transport } from '../../lib/transport/contract.js';
import { Bench } from './bench.js';
import { FakeTransport } from './fakeTransport.js';
import { LOST, range, stagePlan, TYPE_ERROR } from './messages.js';

test('a job runs its stages in order and hears of each partition once', async () => {
  const bench = new Bench(2);
  const { done, got } = bench.submit([stagePlan(0, [0, 1]), stagePlan(1, [0], [0])]);
  await bench.transport.succeed(1, 11);
  await bench.transport.succeed(0, 10);
  await bench.transport.succeed(0, 20);
  await done;
  assert.deepEqual(got, ['0.1=11', '0.0=10', '1.0=20']);
  assert.deepEqual(bench.transport.specs, ['0.0#0', '0.1#0', '1.0#0']);
  bench.idle();
});

test('the events of a job tell its stages, tasks, times and metrics', async () => {
  const bench = new Bench(1);
  const { done } = bench.submit([stagePlan(4, [7])]);
  bench.clock.advance(500);
  await bench.transport.fail(0, LOST, true);
  const retry = await bench.transport.take(0);
  bench.clock.advance(250);
  retry.settle({ ok: true, result: 3 });
  await done;
  const task = { job: 0, stage: 4, partition: 7 };
  const place = { executor: 'here', thread: 0 };
  const none = { rowsIn: 0, rowsOut: 0, bytesIn: 0, bytesOut: 0, bytesSpilled: 0 };
  assert.deepEqual(bench.events, [
    { type: 'jobStarted', job: 0, action: 'collect', name: 'collect', stages: [{ stage: 4, name: 'stage 4', tasks: 1 }], time: 1_000_000 },
    { type: 'stageStarted', job: 0, stage: 4 },
    { type: 'taskStarted', ...task, attempt: 0, ...place },
    { type: 'taskEnded', ...task, attempt: 0, seconds: 0.5, ...none, ok: false, error: LOST },
    { type: 'taskStarted', ...task, attempt: 1, ...place },
    { type: 'taskEnded', ...task, attempt: 1, seconds: 0.25, rowsIn: 3, rowsOut: 1, bytesIn: 24, bytesOut: 8, bytesSpilled: 0, ok: true },
    { type: 'stageEnded', job: 0, stage: 4, seconds: 0.75, ok: true },
    { type: 'jobEnded', job: 0, ok: true, seconds: 0.75 },
  ]);
});

test('a job with nothing to run resolves on a transport without slots', async () => {
  const bench = new Bench(0);
  await bench.submit([]).done;
  await bench.submit([stagePlan(0, []), stagePlan(1, [], [0])]).done;
  bench.idle();
});

test('jobs that share a stage both hear of all its results, also a job that comes late', async () => {
  const bench = new Bench(1);
  const first = bench.submit([stagePlan(0, [0, 1]), stagePlan(1, [0], [0])]);
  await bench.transport.succeed(0, 1);
  const open = await bench.transport.take(0);
  const second = bench.submit([stagePlan(0, [0, 1]), stagePlan(2, [0], [0])]);
  open.settle({ ok: true, result: 2 });
  await bench.transport.succeed(0, 3);
  await bench.transport.succeed(0, 4);
  await Promise.all([first.done, second.done]);
  assert.deepEqual(first.got, ['0.0=1', '0.1=2', '1.0=3']);
  assert.deepEqual(second.got, ['0.0=1', '0.1=2', '2.0=4']);
  bench.idle();
});

test('the results of a shared stage are kept until the last of its jobs has ended', async () => {
  const bench = new Bench(2);
  const first = bench.submit([stagePlan(0, [0]), stagePlan(1, [0], [0])]);
  const second = bench.submit([stagePlan(0, [0]), stagePlan(2, [0], [0])]);
  await bench.transport.succeed(0, 1);
  await bench.transport.succeed(1, 2); // of stage 1 or 2, whichever runs there
  await Promise.race([first.done, second.done]);
  const third = bench.submit([stagePlan(0, [0]), stagePlan(3, [], [0])]);
  await third.done;
  assert.deepEqual(third.got, ['0.0=1']);
  await bench.transport.succeed(0, 3);
  await Promise.all([first.done, second.done]);
  bench.idle();
});

test('the last stage of a running job cannot be shared', async () => {
  const bench = new Bench(1);
  const first = bench.submit([stagePlan(0, [0])]);
  const second = bench.submit([stagePlan(0, [0])]);
  await assert.rejects(second.done, { code: 'HEDDLE_INTERNAL', message: /a last stage of its own/ });
  await bench.transport.succeed(0, 1);
  await first.done;
  bench.idle();
});

describe('failures', () => {
  test("a user's error rejects the job with its name, message and code, and aborts what runs", async () => {
    const bench = new Bench(2);
    const { done, got } = bench.submit([stagePlan(0, [0, 1])]);
    await bench.transport.fail(0, TYPE_ERROR, false);
    await assert.rejects(done, { name: 'TypeError', message: 'x is not a function' });
    const other = await bench.transport.take(1);
    assert.equal(other.signal.aborted, true);
    assert.equal(bench.scheduler.isIdle, false, 'the aborted task still holds its slot');
    other.settle({ ok: true, result: 1 });
    await bench.scheduler.stop();
    assert.deepEqual(got, []);
    const ends = bench.events.filter(event => event.type === 'taskEnded').map(event => event.ok);
    assert.deepEqual(ends, [false, false], 'a result that comes too late does not count');
    bench.idle();
  });

  test('a lost thread is retried up to the limit, then the job rejects with what was lost', async () => {
    const bench = new Bench(1);
    const { done } = bench.submit([stagePlan(0, [0])], { maxFailures: 2 });
    await bench.transport.fail(0, LOST, true);
    await bench.transport.fail(0, LOST, true);
    await assert.rejects(done, (error: unknown) => {
      assert.ok(error instanceof HeddleError);
      assert.equal(error.code, 'HEDDLE_THREAD_LOST');
      assert.deepEqual(error.data, { stage: 0, partition: 0, failures: 2 });
      return true;
    });
    bench.idle();
  });

  test('a slot that leaves and comes back is used again; the old outcome does not count', async () => {
    const bench = new Bench(1);
    const { done, got } = bench.submit([stagePlan(0, [0])]);
    const old = await bench.transport.take(0);
    bench.transport.leave(0);
    bench.transport.join(0);
    const retry = await bench.transport.take(0);
    assert.equal(retry.spec, '0.0#1');
    old.settle({ ok: true, result: 666 });
    await turn();
    assert.equal(bench.types().at(-1), 'taskEnded', 'the old outcome has come in');
    retry.settle({ ok: true, result: 1 });
    await done;
    assert.deepEqual(got, ['0.0=1']);
    await bench.scheduler.stop();
    bench.idle();
  });

  test('a cancelled job aborts the task on a slot that came back, after the outcome of the one before it', async () => {
    const bench = new Bench(1);
    const controller = new AbortController();
    const { done } = bench.submit([stagePlan(0, [0])], { signal: controller.signal });
    const old = await bench.transport.take(0);
    bench.transport.leave(0);
    bench.transport.join(0);
    const retry = await bench.transport.take(0);
    old.settle({ ok: false, error: LOST, retryable: true, lostSlot: true });
    await turn();
    controller.abort();
    await assert.rejects(done, { code: 'HEDDLE_CANCELLED' });
    assert.equal(retry.signal.aborted, true);
    retry.settle({ ok: true, result: 1 });
    await bench.scheduler.stop();
    bench.idle();
  });

  test('an onResult that throws fails its job with that very error, and only its job', async () => {
    const bench = new Bench(1);
    const mine = new RangeError('no room');
    const throwing = () => {
      throw mine;
    };
    const first = bench.submit([stagePlan(0, [0]), stagePlan(1, [0], [0])], { onResult: throwing });
    const second = bench.submit([stagePlan(0, [0]), stagePlan(2, [0], [0])]);
    await bench.transport.succeed(0, 1);
    await assert.rejects(first.done, error => error === mine);
    (await bench.transport.take(0)).settle({ ok: true, result: 2 }); // of stage 1, aborted
    await bench.transport.succeed(0, 3);
    await second.done;
    assert.deepEqual(second.got, ['0.0=1', '2.0=3']);
    bench.idle();
  });

  test('an onResult that throws on the last result fails the job', async () => {
    const bench = new Bench(1);
    const { done } = bench.submit([stagePlan(0, [0])], {
      onResult: () => {
        throw new RangeError('no room');
      },
    });
    await bench.transport.succeed(0, 1);
    await assert.rejects(done, RangeError);
    bench.idle();
  });

  test('an onResult that throws on a result of the past fails the job before it runs anything', async () => {
    const bench = new Bench(2);
    const first = bench.submit([stagePlan(0, [0]), stagePlan(1, [0], [0])]);
    await bench.transport.succeed(0, 1);
    const open = await bench.transport.take(0);
    const second = bench.submit([stagePlan(0, [0]), stagePlan(2, [0], [0])], {
      onResult: () => {
        throw new RangeError('no room');
      },
    });
    await assert.rejects(second.done, RangeError);
    assert.deepEqual(bench.transport.specs, ['0.0#0', '1.0#0']);
    open.settle({ ok: true, result: 2 });
    await first.done;
    bench.idle();
  });

  test('a specFor that throws fails the job', async () => {
    const bench = new Bench(1);
    const error = new HeddleError('HEDDLE_CLOSURE', 'cannot be shipped');
    const { done } = bench.submit([stagePlan(0, range(3))], {
      specFor: () => {
        throw error;
      },
    });
    await assert.rejects(done, { code: 'HEDDLE_CLOSURE' });
    assert.deepEqual(bench.transport.specs, []);
    bench.idle();
  });

  for (const [how, run] of [
    ['throws', () => assert.fail('broken')],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ] as const) {
    test(`a transport that ${how} fails the job as a defect`, async () => {
      const transport = new FakeTransport<string, number>(1);
      transport.run = run;
      const scheduler = new Scheduler(transport);
      const done = scheduler.submit({ plan: { stages: [stagePlan(0, [0])] }, specFor: () => '', onResult: () => {} });
      await assert.rejects(done, { code: 'HEDDLE_INTERNAL', message: /broken/ });
      assert.ok(scheduler.isIdle);
    });
  }

  test('a defect ends all jobs rather than leave them waiting, and no more are taken', async () => {
    const transport = new FakeTransport<string, number>(2);
    const scheduler = new Scheduler(transport, {
      metricsOf: () => {
        throw new Error('no metrics');
      },
    });
    const request = { specFor: () => '', onResult: () => {} };
    const first = scheduler.submit({ plan: { stages: [stagePlan(0, [0, 1])] }, ...request });
    const second = scheduler.submit({ plan: { stages: [stagePlan(1, [0])] }, ...request });
    const other = await transport.take(1);
    await transport.succeed(0, 1);
    for (const done of [first, second]) await assert.rejects(done, { code: 'HEDDLE_INTERNAL', message: /no metrics/ });
    await assert.rejects(scheduler.submit({ plan: { stages: [] }, ...request }), { code: 'HEDDLE_INTERNAL' });
    assert.equal(other.signal.aborted, true);
    other.settle({ ok: false, error: LOST, retryable: true });
    await scheduler.stop();
  });

  test('an onEvent that throws harms nothing', async () => {
    const bench = new Bench(1, () => {
      throw new Error('listener');
    });
    const { done } = bench.submit([stagePlan(0, [0])]);
    await bench.transport.succeed(0, 1);
    await done;
    bench.idle();
  });
});

test('ten thousand empty tasks in two stages on eight slots', async () => {
  let runs = 0;
  const slots = new FakeTransport(8).slots();
  const transport: Transport<TaskRef, number> = {
    slots: () => slots,
    subscribe: () => () => {},
    run: async task => ({ ok: true, result: task.partition + 0 * runs++ }),
    close: async () => {},
  };
  const scheduler = new Scheduler(transport);
  let sum = 0;
  await scheduler.submit({
    plan: { stages: [stagePlan(0, range(5000)), stagePlan(1, range(5000), [0])] },
    specFor: task => task,
    onResult: (_task, result) => {
      sum += result;
    },
  });
  assert.equal(runs, 10_000);
  assert.equal(sum, 2 * ((5000 * 4999) / 2));
  assert.ok(scheduler.isIdle);
});
