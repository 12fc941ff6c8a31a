import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { step } from '../../lib/scheduler/machine.js';
import type { Command } from '../../lib/scheduler/messages.js';
import { isQuiet } from '../../lib/scheduler/state.js';
import { Machine } from './machine.js';
import { cancelledJob, failed, joined, lost, range, slotId, stagePlan, submitted, succeeded, TYPE_ERROR } from './messages.js';

describe('stages', () => {
  test('a child stage starts when its parents have ended, and the job succeeds after the last', () => {
    const machine = new Machine(2);
    const plan = [stagePlan(0, [0, 1]), stagePlan(1, [0], [0])];
    assert.deepEqual(machine.do(submitted(1, plan)), ['stageStarted 0', 'launch 0.0 #0 @0', 'launch 0.1 #0 @1']);
    assert.deepEqual(machine.succeed(1), ['accept 0.1 for 1']);
    assert.deepEqual(machine.succeed(0), ['accept 0.0 for 1', 'stageEnded 0', 'stageStarted 1', 'launch 1.0 #0 @0']);
    assert.deepEqual(machine.succeed(0), ['accept 1.0 for 1', 'stageEnded 1', 'jobSucceeded 1']);
    machine.quiet();
  });

  test('a stage with two parents waits for both, and independent stages run side by side, the lowest first, partitions as asked', () => {
    const machine = new Machine(3);
    const plan = [stagePlan(2, [5, 3]), stagePlan(1, [0]), stagePlan(3, [0], [1, 2])];
    assert.deepEqual(machine.do(submitted(1, plan)), [
      'stageStarted 1',
      'stageStarted 2',
      'launch 1.0 #0 @0',
      'launch 2.5 #0 @1',
      'launch 2.3 #0 @2',
    ]);
    assert.deepEqual(machine.succeed(0), ['accept 1.0 for 1', 'stageEnded 1']);
    machine.succeed(1);
    assert.deepEqual(machine.succeed(2), ['accept 2.3 for 1', 'stageEnded 2', 'stageStarted 3', 'launch 3.0 #0 @2']);
  });

  test('stages with nothing to run end at once, however long their chain', () => {
    const machine = new Machine(0);
    const chain = range(20_000).map(id => stagePlan(id, [], id === 0 ? [] : [id - 1]));
    const commands = machine.do(submitted(1, chain));
    assert.equal(commands.length, 40_001);
    assert.equal(commands.at(-1), 'jobSucceeded 1');
    machine.quiet();
  });

  test('a job without stages succeeds at once', () => {
    const machine = new Machine(1);
    assert.deepEqual(machine.do(submitted(1, [])), ['jobSucceeded 1']);
    machine.quiet();
  });

  test('a parent that does not stand before its child fails the job', () => {
    const machine = new Machine(1);
    const [only, ...more] = machine.do(submitted(1, [stagePlan(1, [0], [0]), stagePlan(0, [0])]));
    assert.match(only!, /^jobFailed 1: stage 1 has parent 0/);
    assert.deepEqual(more, []);
    machine.quiet();
  });

  test('a job that is submitted twice is a defect', () => {
    const machine = new Machine(0);
    machine.do(submitted(1, [stagePlan(0, [0])]));
    assert.throws(() => machine.do(submitted(1, [])), { code: 'HEDDLE_INTERNAL' });
  });
});

describe('slots', () => {
  test('a job without slots waits for one', () => {
    const machine = new Machine(0);
    assert.deepEqual(machine.do(submitted(1, [stagePlan(0, [0, 1])])), ['stageStarted 0']);
    assert.deepEqual(machine.do(joined(7)), ['launch 0.0 #0 @7']);
    assert.deepEqual(machine.do(joined(7)), [], 'a slot joins once');
    assert.deepEqual(machine.succeed(7), ['accept 0.0 for 1', 'launch 0.1 #0 @7']);
  });

  test('the task of a lost slot is retried elsewhere, at once or when a slot is free', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, [0, 1])]));
    assert.deepEqual(machine.do(lost(0)), []);
    assert.deepEqual(machine.do(lost(0)), [], 'a slot is lost once');
    assert.deepEqual(machine.succeed(1), ['accept 0.1 for 1', 'launch 0.0 #1 @1']);
  });

  test('an idle slot that is lost gets no task', () => {
    const machine = new Machine(3);
    machine.do(lost(1));
    assert.deepEqual(machine.do(submitted(1, [stagePlan(0, range(3))])), ['stageStarted 0', 'launch 0.0 #0 @0', 'launch 0.1 #0 @2']);
  });

  test('an outcome from before a slot was lost does not touch its successor', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, [0])]));
    const old = machine.task(0);
    machine.do(lost(0));
    assert.deepEqual(machine.do(joined(0)), ['launch 0.0 #1 @0']);
    assert.deepEqual(machine.do(succeeded(old, slotId(0))), []);
    assert.deepEqual(machine.do(failed(old, slotId(0), { lostSlot: true })), []);
    assert.deepEqual(machine.succeed(0), ['accept 0.0 for 1', 'stageEnded 0', 'jobSucceeded 1']);
    machine.quiet();
  });

  test('a failure that takes its slot along counts once, and the slot gets nothing more', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, [0])]));
    assert.deepEqual(machine.fail(0, { lostSlot: true }), []);
    assert.deepEqual(machine.do(lost(0)), []);
    assert.deepEqual(machine.do(joined(4)), ['launch 0.0 #1 @4']);
  });
});

describe('failures', () => {
  test('a retry goes to another slot, and waits for it, while other tasks use the slot that failed', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, range(3))]));
    assert.deepEqual(machine.fail(0), ['launch 0.2 #0 @0']);
    assert.deepEqual(machine.succeed(0), ['accept 0.2 for 1'], 'slot 0 stays idle');
    assert.deepEqual(machine.succeed(1), ['accept 0.1 for 1', 'launch 0.0 #1 @1']);
  });

  test('a retry goes back to where it failed when it has failed everywhere', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, [0])]));
    assert.deepEqual(machine.fail(0), ['launch 0.0 #1 @1']);
    const [again] = machine.fail(1);
    assert.match(again!, /^launch 0\.0 #2 @[01]$/);
  });

  test('a slot whose task succeeded is used first, one whose task failed last', () => {
    const machine = new Machine(3);
    machine.do(submitted(1, [stagePlan(0, [0])]));
    machine.fail(0);
    machine.succeed(1);
    const plan = [stagePlan(1, range(3))];
    assert.deepEqual(machine.do(submitted(2, plan)), ['stageStarted 1', 'launch 1.0 #0 @1', 'launch 1.1 #0 @2', 'launch 1.2 #0 @0']);
  });

  test('the last failure allowed fails the job and says what was tried', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, [0])], 3));
    assert.deepEqual(machine.fail(0), ['launch 0.0 #1 @0']);
    assert.deepEqual(machine.fail(0), ['launch 0.0 #2 @0']);
    const commands = machine.fail(0);
    assert.deepEqual(commands, [
      'stageAborted 0',
      'jobFailed 1: the thread ended (partition 0 of stage 0 was tried 3 times, this was the last)',
    ]);
    machine.quiet();
  });

  test('failures are counted for each task', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, range(5))], 2));
    for (const partition of range(5)) {
      assert.deepEqual(machine.fail(0), [`launch 0.${partition} #1 @0`]);
      assert.equal(machine.succeed(0)[0], `accept 0.${partition} for 1`);
    }
    machine.quiet();
  });

  test("a user's error fails the job at once, and a slot is free again only when the outcome of its aborted task is in", () => {
    const machine = new Machine(3);
    machine.do(submitted(1, [stagePlan(0, range(4)), stagePlan(1, [0], [0])]));
    assert.deepEqual(machine.fail(1, { retryable: false, error: TYPE_ERROR }), [
      'stageAborted 0',
      'abort 0.0 #0 @0',
      'abort 0.2 #0 @2',
      'jobFailed 1: x is not a function',
    ]);
    assert.equal(isQuiet(machine.state), false);
    assert.deepEqual(machine.do(submitted(2, [stagePlan(5, range(4))])), ['stageStarted 5', 'launch 5.0 #0 @1']);
    assert.deepEqual(machine.fail(0), ['launch 5.1 #0 @0']);
    assert.deepEqual(machine.succeed(2), ['launch 5.2 #0 @2'], 'a late success does not count');
  });

  test('the first of several errors is the error of the job', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, [0, 1])]));
    const first = machine.fail(1, { retryable: false, error: { ...TYPE_ERROR, message: 'first' } });
    assert.equal(first.at(-1), 'jobFailed 1: first');
    assert.deepEqual(machine.fail(0, { retryable: false, error: { ...TYPE_ERROR, message: 'second' } }), []);
    machine.quiet();
  });

  test('a duplicate result counts once', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, [0, 1])]));
    const first = machine.task(0);
    assert.deepEqual(machine.succeed(0), ['accept 0.0 for 1', 'launch 0.1 #0 @0']);
    assert.deepEqual(machine.do(succeeded(first, slotId(0))), []);
    assert.deepEqual(machine.do(succeeded(first, slotId(9))), []);
  });

  test('a slot that fails whatever it is given does not hold up the others', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, range(100))], 10));
    // Slot 0 fails every fresh task, all of which then wait for slot 1.
    for (const _ of range(99)) machine.fail(0);
    assert.equal(machine.busy.has(slotId(0)), false);
    const order: string[] = [];
    while (machine.busy.size > 0) order.push(...machine.succeed(1).filter(command => command.startsWith('launch')));
    assert.equal(order.length, 99);
    assert.deepEqual(order.slice(0, 2), ['launch 0.0 #1 @1', 'launch 0.2 #1 @1']);
    machine.quiet();
  });
});

describe('several jobs', () => {
  test('the job with the fewest running tasks goes first, the earlier one on a tie', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, range(6))]));
    assert.deepEqual(machine.do(submitted(2, [stagePlan(1, range(6))])), ['stageStarted 1']);
    assert.equal(machine.succeed(0)[1], 'launch 1.0 #0 @0', 'job 1 has one running, job 2 none');
    assert.equal(machine.succeed(1)[1], 'launch 0.2 #0 @1', 'job 1 has none running, job 2 one');
    machine.do(lost(0));
    assert.equal(machine.succeed(1)[1], 'launch 0.3 #0 @1', 'none is running: the earlier job');
  });

  test('the earlier job goes first on a tie, also when both have tasks running', () => {
    const machine = new Machine(0);
    machine.do(submitted(1, [stagePlan(0, range(6))]));
    machine.do(submitted(2, [stagePlan(1, range(6))]));
    const launches = range(4).map(slot => machine.do(joined(slot))[0]);
    assert.deepEqual(launches, ['launch 0.0 #0 @0', 'launch 1.0 #0 @1', 'launch 0.1 #0 @2', 'launch 1.1 #0 @3']);
  });

  test('a stage that two jobs name runs once and both wait for it', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, [0, 1]), stagePlan(1, [0], [0])]));
    assert.deepEqual(machine.do(submitted(2, [stagePlan(0, [0, 1]), stagePlan(2, [0], [0])])), []);
    assert.deepEqual(machine.succeed(0), ['accept 0.0 for 1,2']);
    assert.deepEqual(machine.succeed(1), [
      'accept 0.1 for 1,2',
      'stageEnded 0',
      'stageStarted 1',
      'stageStarted 2',
      'launch 1.0 #0 @1',
      'launch 2.0 #0 @0',
    ]);
    // A third job comes when the shared stage has ended, but is still held.
    assert.deepEqual(machine.do(submitted(3, [stagePlan(0, [0, 1]), stagePlan(3, [0], [0])])), ['stageStarted 3']);
    machine.succeed(0);
    machine.succeed(1);
    machine.succeed(0);
    machine.quiet();
    // Now nobody holds it any longer.
    assert.equal(machine.do(submitted(4, [stagePlan(0, [0])]))[0], 'stageStarted 0');
  });

  test('the failure of a shared stage fails both jobs', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, [0, 1]), stagePlan(1, [0], [0])]));
    machine.do(submitted(2, [stagePlan(0, [0, 1]), stagePlan(2, [0], [0])]));
    machine.do(submitted(3, [stagePlan(3, [0])]));
    const commands = machine.fail(0, { retryable: false, error: TYPE_ERROR });
    assert.deepEqual(commands, [
      'jobFailed 1: x is not a function',
      'stageAborted 0',
      'jobFailed 2: x is not a function',
      'launch 3.0 #0 @0',
    ]);
  });

  test('cancelling one job leaves the stages that another needs, and their running tasks', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, range(3)), stagePlan(1, [0], [0])]));
    machine.do(submitted(2, [stagePlan(0, range(3)), stagePlan(2, [0], [0])]));
    assert.deepEqual(machine.do(cancelledJob(1)), ['jobFailed 1: x is not a function']);
    assert.deepEqual(machine.do(cancelledJob(1)), []);
    assert.equal(machine.state.stages.has(1 as never), false);
    assert.deepEqual(machine.succeed(0), ['accept 0.0 for 2', 'launch 0.2 #0 @0']);
    machine.succeed(0);
    assert.equal(machine.succeed(1).includes('stageStarted 2'), true);
    machine.succeed(1);
    machine.quiet();
  });

  test('tasks handed over to another job count in its share', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, range(4))]));
    machine.do(submitted(2, [stagePlan(0, range(4))]));
    machine.do(submitted(3, [stagePlan(3, range(4))]));
    machine.do(cancelledJob(1));
    assert.equal(machine.succeed(0)[1], 'launch 3.0 #0 @0', 'job 2 has one running, job 3 none');
  });

  test('a later job may ask a stage for more partitions, running or ended, and only those run', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, [1, 2]), stagePlan(1, [0], [0])]));
    machine.do(submitted(2, [stagePlan(0, [0, 2]), stagePlan(2, [0], [0])]));
    assert.equal(machine.succeed(0)[1], 'launch 0.2 #0 @0');
    assert.equal(machine.succeed(0)[1], 'launch 0.0 #0 @0');
    assert.equal(machine.succeed(0)[1], 'stageEnded 0');
    assert.deepEqual(machine.do(submitted(3, [stagePlan(0, [2, 9]), stagePlan(3, [0], [0])])), ['stageStarted 0']);
    machine.succeed(0); // stage 1 of job 1, which ends
    const rest = [...machine.succeed(0), ...machine.succeed(0), ...machine.succeed(0)];
    assert.deepEqual(
      rest.filter(command => command.startsWith('accept')),
      ['accept 2.0 for 2', 'accept 0.9 for 3', 'accept 3.0 for 3'],
    );
    machine.quiet();
  });

  test('partitions that only a cancelled job had asked for are forgotten, what has run is not', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, [0]), stagePlan(1, [0], [0])]));
    machine.succeed(0);
    machine.do(submitted(2, [stagePlan(0, [0, 1, 2]), stagePlan(2, [0], [0])]));
    assert.deepEqual(machine.do(cancelledJob(2)), ['stageAborted 0', 'jobFailed 2: x is not a function']);
    assert.deepEqual(machine.do(submitted(3, [stagePlan(0, [0, 1])])), ['stageStarted 0']);
    assert.equal(machine.succeed(0).at(-1), 'launch 0.1 #0 @0', 'partition 0 does not run again');
    assert.equal(machine.succeed(0).at(-1), 'jobSucceeded 3');
    machine.quiet();
  });

  test('a partition that failed one job runs for the next, though the stage was kept by a third', () => {
    const machine = new Machine(2);
    machine.do(submitted(1, [stagePlan(0, [0]), stagePlan(1, [0, 1, 2, 3], [0])]));
    machine.succeed(0);
    machine.do(submitted(2, [stagePlan(0, [1])]));
    assert.equal(machine.succeed(0).at(-1), 'launch 0.1 #0 @0', 'job 2 has the fewest running');
    machine.fail(0, { retryable: false });
    machine.do(submitted(3, [stagePlan(0, [1])]));
    assert.equal(machine.succeed(0).at(-1), 'launch 0.1 #0 @0');
    assert.equal(machine.succeed(0).includes('jobSucceeded 3'), true);
  });

  test('a waiting stage waits for a parent that a later plan reopens, though that plan is cancelled', () => {
    const machine = new Machine(1);
    machine.do(submitted(1, [stagePlan(0, []), stagePlan(1, [0]), stagePlan(2, [0], [0, 1])]));
    assert.deepEqual(machine.do(submitted(2, [stagePlan(0, [3]), stagePlan(1, [0]), stagePlan(2, [0], [0, 1])])), ['stageStarted 0']);
    assert.deepEqual(machine.do(cancelledJob(2)), ['jobFailed 2: x is not a function']);
    assert.deepEqual(machine.succeed(0), ['accept 1.0 for 1', 'stageEnded 1', 'launch 0.3 #0 @0']);
    assert.deepEqual(machine.succeed(0), ['accept 0.3 for 1', 'stageEnded 0', 'stageStarted 2', 'launch 2.0 #0 @0']);
    machine.succeed(0);
    machine.quiet();
  });
});

test('a hundred thousand partitions run in order on one slot', () => {
  const machine = new Machine(1);
  machine.do(submitted(1, [stagePlan(0, range(100_000))]));
  let commands: Command[] = [];
  for (const partition of range(100_000)) {
    const task = machine.task(0);
    assert.equal(task.partition, partition);
    commands = step(machine.state, succeeded(task, slotId(0)));
    const last = commands.at(-1)!;
    if (last.type === 'launch') machine.busy.set(slotId(0), last.task);
  }
  assert.equal(commands.at(-1)!.type, 'jobSucceeded');
  machine.busy.clear();
  machine.quiet();
});
