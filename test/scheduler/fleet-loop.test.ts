// The loop's part in what befalls executors: waiting for one, telling of it, asking what was lost, ticking.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EngineEvent } from '../../lib/core/events.js';
import type { ExecutorId } from '../../lib/core/ids.js';
import type { LostOutput } from '../../lib/scheduler/messages.js';
import type { StageOutputs } from '../../lib/scheduler/request.js';
import { Bench } from './bench.js';
import { LOST, lostOutput, range, stageId, stagePlan } from './messages.js';

const turn = () => new Promise<void>(resolve => setImmediate(resolve));
const of = (bench: Bench, ...types: EngineEvent['type'][]) => bench.events.filter(event => types.includes(event.type));

describe('without any executor', () => {
  test('a job waits, says so, and goes on with the first that joins', async () => {
    const bench = new Bench(0);
    const { done, got } = bench.submit([stagePlan(0, [0])]);
    bench.clock.advance(1e9);
    bench.transport.join(3, 'a');
    await bench.transport.succeed(3, 1);
    await done;
    assert.deepEqual(got, ['0.0=1']);
    assert.deepEqual(of(bench, 'jobWaiting', 'jobResumed'), [
      { type: 'jobWaiting', job: 0 },
      { type: 'jobResumed', job: 0, seconds: 1e6 },
    ]);
    bench.idle();
  });

  test('a job gives up after the time it has for that, which starts anew with each loss of all', async () => {
    const bench = new Bench(['a']);
    const { done } = bench.submit([stagePlan(0, [0])], { waitForExecutors: 100 });
    for (const slot of [1, 2]) {
      (await bench.transport.take(slot - 1)).settle({ ok: false, error: LOST, retryable: true, lostSlot: true });
      await turn();
      bench.clock.advance(99);
      bench.transport.join(slot, 'a');
    }
    await bench.transport.take(2);
    bench.transport.loseExecutor('a');
    bench.clock.advance(100);
    await assert.rejects(done, { code: 'HEDDLE_NO_EXECUTORS', message: /100 ms/ });
    assert.equal(bench.clock.timers.size, 0);
  });

  test('a job that is cancelled while it waits leaves no timer', async () => {
    const bench = new Bench(0);
    const controller = new AbortController();
    const { done } = bench.submit([stagePlan(0, [0])], { waitForExecutors: 100, signal: controller.signal });
    controller.abort();
    await assert.rejects(done, { code: 'HEDDLE_CANCELLED' });
    bench.idle();
  });

  test('a wait that is no number is refused', async () => {
    const bench = new Bench(0);
    await assert.rejects(bench.submit([], { waitForExecutors: -1 }).done, { code: 'HEDDLE_BAD_ARGUMENT', message: /waitForExecutors/ });
    await assert.rejects(bench.submit([], { waitForExecutors: Number.NaN }).done, { code: 'HEDDLE_BAD_ARGUMENT' });
  });
});

test('a task that moves is told of, with both executors and the reason', async () => {
  const bench = new Bench(['a', 'b']);
  const { done } = bench.submit([stagePlan(0, [0])]);
  for (const _ of range(5)) await bench.transport.fail(0, LOST, true, { reason: 'timeout' });
  await bench.transport.succeed(1, 1);
  await done;
  const expected = { type: 'taskMoved', job: 0, stage: 0, partition: 0, attempt: 5, from: 'a', to: 'b', reason: 'timeout' };
  assert.deepEqual(of(bench, 'taskMoved'), [expected]);
  bench.idle();
});

test('a copy of a straggler is launched by a tick, and the slower one is called off', async () => {
  const bench = new Bench(['a', 'b'], undefined, { speculation: { quantile: 0.5, multiplier: 2, minimum: 10 }, tick: 5 });
  const { done, got } = bench.submit([stagePlan(0, [0, 1])]);
  bench.clock.advance(7);
  await bench.transport.succeed(0, 1);
  const slow = await bench.transport.take(1);
  await turn();
  bench.clock.advance(20);
  const copy = await bench.transport.take(0);
  assert.equal(copy.spec, '0.1#1');
  copy.settle({ ok: true, result: 2 });
  await done;
  assert.equal(slow.signal.aborted, true);
  slow.settle({ ok: true, result: 666 });
  await turn();
  assert.deepEqual(got, ['0.0=1', '0.1=2']);
  bench.idle();
});

test('an executor in quarantine is told of', async () => {
  const bench = new Bench(['a', 'b'], undefined, { quarantine: { after: 2, ticks: 3 }, tick: 5 });
  const { done } = bench.submit([stagePlan(0, range(4))], { maxFailures: 9 });
  await bench.transport.fail(0, LOST, true);
  await bench.transport.fail(0, LOST, true);
  await turn();
  assert.deepEqual(of(bench, 'executorQuarantined'), [{ type: 'executorQuarantined', executor: 'a', failures: 2 }]);
  assert.equal(bench.transport.runs.has(0), false);
  bench.clock.advance(15);
  for (const slot of [0, 1, 1, 1]) await bench.transport.succeed(slot, 1);
  await done;
  bench.idle();
});

describe('output', () => {
  /** Books by executor; a spec is `stage.partition#attempt`. */
  class Books implements StageOutputs<string, unknown> {
    readonly held = new Map<string, Set<string>>();

    accepted(spec: string, executor: ExecutorId): void {
      const held = this.held.get(executor);
      if (held === undefined) this.held.set(executor, new Set([spec]));
      else held.add(spec);
    }

    executorLost(executor: ExecutorId): readonly LostOutput[] {
      const specs = [...(this.held.get(executor) ?? [])].filter(spec => spec.startsWith('0.'));
      this.held.delete(executor);
      return specs.map(spec => lostOutput(0, [Number(/\.(\d+)/.exec(spec)![1])]));
    }

    fetchFailed({ executor }: { readonly executor: ExecutorId }): readonly LostOutput[] {
      return this.executorLost(executor);
    }
  }

  test('what an executor takes with it is made again, and the job is told of each result once', async () => {
    const books = new Books();
    const bench = new Bench(['a', 'b'], undefined, { outputs: books });
    const { done, got } = bench.submit([stagePlan(0, [0, 1]), stagePlan(1, [0], [0])]);
    await bench.transport.succeed(0, 1);
    await bench.transport.succeed(1, 2);
    const reader = await Promise.race([bench.transport.take(0), bench.transport.take(1)]);
    const other = reader.slot.executor === 'a' ? 'b' : 'a';
    bench.transport.loseExecutor(other);
    await bench.transport.runs.get(0);
    reader.settle({
      ok: false,
      error: LOST,
      retryable: true,
      reason: 'fetchFailed',
      fetch: { shuffle: 0 as never, executor: other as ExecutorId },
    });
    const slot = reader.slot.id;
    await bench.transport.succeed(slot, 3);
    await bench.transport.succeed(slot, 4);
    await done;
    const lost = other === 'a' ? 0 : 1;
    assert.deepEqual(got, ['0.0=1', '0.1=2', '1.0=4']);
    assert.equal(bench.transport.specs[3], `0.${lost}#1`);
    assert.deepEqual(
      of(bench, 'executorLost').map(event => event.type === 'executorLost' && [event.executor, event.partitions]),
      [[other, 1]],
    );
    bench.idle();
  });

  test('a fetch that failed has its input made again before the task is tried again', async () => {
    const books = new Books();
    const bench = new Bench(['a'], undefined, { outputs: books });
    const { done } = bench.submit([stagePlan(0, [0, 1]), stagePlan(1, [0], [0])], { maxFailures: 1 });
    await bench.transport.succeed(0, 1);
    await bench.transport.succeed(0, 2);
    await bench.transport.fail(0, LOST, true, { reason: 'fetchFailed', fetch: { shuffle: 0 as never, executor: 'a' as ExecutorId } });
    for (const result of [3, 4, 5]) await bench.transport.succeed(0, result);
    await done;
    assert.deepEqual(bench.transport.specs, ['0.0#0', '0.1#0', '1.0#0', '0.0#1', '0.1#1', '1.0#1']);
    bench.idle();
  });

  test('a dormant stage is not in what a job says it runs', async () => {
    const bench = new Bench(1);
    const { done } = bench.submit([{ ...stagePlan(0, [0]), isDormant: true }, stagePlan(1, [0], [])]);
    await bench.transport.succeed(0, 1);
    await done;
    const [started] = of(bench, 'jobStarted');
    assert.ok(started?.type === 'jobStarted');
    assert.deepEqual(
      started.stages.map(({ stage }) => stage),
      [stageId(1)],
    );
    bench.idle();
  });
});

test('a preferred executor is asked for when a task is launched', async () => {
  const bench = new Bench(['a', 'b']);
  const asked: number[] = [];
  const { done } = bench.submit([stagePlan(0, [5])], {
    preferred: (_stage, partition) => {
      asked.push(partition);
      return ['b' as ExecutorId];
    },
  });
  await bench.transport.succeed(1, 1);
  await done;
  assert.deepEqual(asked, [5]);
  bench.idle();
});
