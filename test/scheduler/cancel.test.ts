import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toErrorRecord } from '../../lib/core/errors.js';
import { Bench } from './bench.js';
import { LOST, range, stagePlan } from './messages.js';

describe('cancelling', () => {
  test('a signal cancels the job with its reason and aborts its tasks', async () => {
    const bench = new Bench(1);
    const controller = new AbortController();
    const { done } = bench.submit([stagePlan(0, range(3))], { signal: controller.signal });
    const run = await bench.transport.take(0);
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await assert.rejects(done, { code: 'HEDDLE_CANCELLED', message: /changed my mind/, cause: reason });
    assert.equal(run.signal.aborted, true);
    run.settle({ ok: false, error: toErrorRecord(reason), retryable: false });
    await bench.scheduler.stop();
    assert.deepEqual(bench.transport.specs, ['0.0#0']);
    bench.idle();
  });

  test('a signal that has fired already runs nothing', async () => {
    const bench = new Bench(1);
    const { done } = bench.submit([stagePlan(0, [0])], { signal: AbortSignal.abort('why') });
    await assert.rejects(done, { code: 'HEDDLE_CANCELLED', message: /why/ });
    assert.deepEqual(bench.events, []);
    bench.idle();
  });

  test('a signal that fires after the end does nothing, and is not listened to any longer', async () => {
    const bench = new Bench(1);
    const controller = new AbortController();
    let listening = 0;
    const { signal } = controller;
    const watched = new Proxy(signal, {
      get(target, key) {
        if (key === 'addEventListener') listening++;
        if (key === 'removeEventListener') listening--;
        const value = Reflect.get(target, key) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const { done } = bench.submit([stagePlan(0, [0])], { signal: watched });
    assert.equal(listening, 1);
    await bench.transport.succeed(0, 1);
    await done;
    assert.equal(listening, 0);
    controller.abort();
    bench.idle();
  });

  test('a result that comes with the cancellation in its onResult does not save the job', async () => {
    const bench = new Bench(1);
    const controller = new AbortController();
    const { done } = bench.submit([stagePlan(0, [0, 1])], { signal: controller.signal, onResult: () => controller.abort('enough') });
    await bench.transport.succeed(0, 1);
    await assert.rejects(done, { code: 'HEDDLE_CANCELLED' });
    (await bench.transport.take(0)).settle({ ok: true, result: 1 });
    await bench.scheduler.stop();
    bench.idle();
  });

  test('a deadline ends the job in time, however far away it is', async () => {
    for (const deadline of [1500, 2 ** 31 + 5000]) {
      const bench = new Bench(0);
      const { done } = bench.submit([stagePlan(0, [0])], { deadline });
      bench.clock.advance(deadline - 1);
      assert.equal(bench.types().includes('jobEnded'), false);
      bench.clock.advance(1);
      await assert.rejects(done, { code: 'HEDDLE_DEADLINE', message: new RegExp(`${deadline} ms`), data: { deadline } });
      bench.idle();
    }
  });

  test('a deadline that is not reached leaves no timer', async () => {
    const bench = new Bench(1);
    const { done } = bench.submit([stagePlan(0, [0])], { deadline: 1000 });
    assert.equal(bench.clock.timers.size, 1);
    await bench.transport.succeed(0, 1);
    await done;
    bench.idle();
  });

  test('deadlines and failure limits that make no sense are refused', async () => {
    const bench = new Bench(1);
    for (const deadline of [-1, Number.NaN, '5' as never]) {
      await assert.rejects(bench.submit([], { deadline }).done, { code: 'HEDDLE_BAD_ARGUMENT', message: /^deadline/ });
    }
    for (const maxFailures of [0, 1.5, Number.NaN]) {
      await assert.rejects(bench.submit([], { maxFailures }).done, { code: 'HEDDLE_BAD_ARGUMENT', message: /^maxFailures/ });
    }
    await assert.rejects(bench.submit([], { deadline: 0 }).done, { code: 'HEDDLE_DEADLINE' });
    await bench.submit([], { deadline: Number.POSITIVE_INFINITY }).done;
    bench.idle();
  });
});

describe('enough', () => {
  test('ends the job well, aborts its tasks, and delivers nothing more', async () => {
    const bench = new Bench(2);
    const enough = new AbortController();
    const got: string[] = [];
    const { done } = bench.submit([stagePlan(0, range(5))], {
      enough: enough.signal,
      onResult: ({ partition }, result) => {
        got.push(`${partition}=${result}`);
        enough.abort();
      },
    });
    const runs = [await bench.transport.take(0), await bench.transport.take(1)];
    runs[1]!.settle({ ok: true, result: 7 });
    await done;
    assert.equal(runs[0]!.signal.aborted, true);
    runs[0]!.settle({ ok: true, result: 8 });
    // The slot that was free had got its next task by then, which is called off at once.
    const next = await bench.transport.take(1);
    assert.equal(next.signal.aborted, true);
    next.settle({ ok: true, result: 9 });
    await bench.scheduler.stop();
    assert.deepEqual(got, ['1=7']);
    assert.deepEqual(
      bench.events.filter(event => event.type === 'jobEnded').map(event => ({ ok: event.ok, error: event.error })),
      [{ ok: true, error: undefined }],
    );
    bench.idle();
  });

  test('after the end, twice, or from the start does no harm; a failure before it is still one', async () => {
    const bench = new Bench(1);
    const enough = new AbortController();
    const { done } = bench.submit([stagePlan(0, [0])], { enough: enough.signal });
    await bench.transport.succeed(0, 1);
    await done;
    enough.abort();
    await bench.submit([stagePlan(1, [0])], { enough: enough.signal }).done;
    const late = new AbortController();
    const failing = bench.submit([stagePlan(2, [0, 1])], {
      enough: late.signal,
      onResult: () => {
        late.abort();
        throw new Error('cannot be read');
      },
    });
    await bench.transport.succeed(0, 1);
    await assert.rejects(failing.done, /cannot be read/);
    (await bench.transport.take(0)).settle({ ok: true, result: 1 });
    await bench.scheduler.stop();
    bench.idle();
  });
});

describe('stop', () => {
  test('cancels all jobs, waits for running tasks, and refuses more', async () => {
    const bench = new Bench(1);
    const first = bench.submit([stagePlan(0, [0])]);
    const second = bench.submit([stagePlan(1, [0])]);
    const run = await bench.transport.take(0);
    let isStopped = false;
    const stop = bench.scheduler.stop().then(() => {
      isStopped = true;
    });
    await assert.rejects(first.done, { code: 'HEDDLE_CONTEXT_STOPPED' });
    await assert.rejects(second.done, { code: 'HEDDLE_CONTEXT_STOPPED' });
    assert.equal(isStopped, false);
    assert.equal(run.signal.aborted, true);
    run.settle({ ok: false, error: LOST, retryable: true });
    await stop;
    await bench.scheduler.stop();
    await assert.rejects(bench.submit([]).done, { code: 'HEDDLE_CONTEXT_STOPPED' });
    assert.equal(bench.transport.listeners.size, 0);
    bench.idle();
  });

  test('waits for a task on a slot that has left', async () => {
    const bench = new Bench(1);
    const { done } = bench.submit([stagePlan(0, [0])]);
    const run = await bench.transport.take(0);
    bench.transport.leave(0);
    let isStopped = false;
    const stop = bench.scheduler.stop().then(() => {
      isStopped = true;
    });
    await assert.rejects(done, { code: 'HEDDLE_CONTEXT_STOPPED' });
    assert.equal(isStopped, false);
    run.settle({ ok: false, error: LOST, retryable: true, lostSlot: true });
    await stop;
    bench.idle();
  });

  test('a listener that submits while jobs are cancelled is refused', async () => {
    const refused: Promise<void>[] = [];
    const bench = new Bench(1, event => {
      if (event.type === 'jobEnded') refused.push(bench.submit([stagePlan(9, [0])]).done);
    });
    const { done } = bench.submit([]);
    await done;
    const open = bench.submit([stagePlan(0, [0])]);
    refused.length = 0;
    const runs = [await bench.transport.take(0)];
    const stop = bench.scheduler.stop();
    for (const run of runs) run.settle({ ok: true, result: 1 });
    await assert.rejects(open.done, { code: 'HEDDLE_CONTEXT_STOPPED' });
    for (const again of refused) await assert.rejects(again, { code: 'HEDDLE_CONTEXT_STOPPED' });
    await stop;
    bench.idle();
  });
});
