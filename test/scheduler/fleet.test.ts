// One rule at a time: what the machine does about executors that fail, vanish, lose what they stored, or are slow.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { step } from '../../lib/scheduler/machine.js';
import type { StagePlan } from '../../lib/scheduler/messages.js';
import { createState, DEFAULT_QUARANTINE } from '../../lib/scheduler/state.js';
import { Machine } from './machine.js';
import {
  cancelledJob,
  executorId,
  executorLost,
  joined,
  lost,
  lostOutput,
  outputsLost,
  placeOf,
  range,
  slotId,
  stagePlan,
  submitted,
  succeeded,
  tick,
} from './messages.js';

const TIMEOUT = { reason: 'timeout' } as const;
const GONE = { reason: 'lost', lostSlot: true } as const;
const fetchFrom = (executor: string) =>
  ({ reason: 'fetchFailed', fetch: { shuffle: 7 as never, executor: executorId(executor) } }) as const;
const dormant = (plan: StagePlan): StagePlan => ({ ...plan, isDormant: true });

describe('placement', () => {
  test('tasks spread over executors before they share one', () => {
    const machine = new Machine(['a', 'a', 'b', 'b']);
    const commands = machine.do(submitted(1, [stagePlan(0, range(4))]));
    assert.deepEqual(commands.slice(1), ['launch 0.0 #0 @0', 'launch 0.1 #0 @2', 'launch 0.2 #0 @1', 'launch 0.3 #0 @3']);
  });

  const preferring = {
    quarantine: DEFAULT_QUARANTINE,
    preferred: (_job: number, _stage: number, p: number) => [executorId(p === 0 ? 'c' : 'b')],
  };

  test('a task goes to a preferred executor with an idle slot, else anywhere at once', () => {
    const machine = new Machine(['a', 'b', 'c'], preferring);
    const commands = machine.do({ ...submitted(1, [stagePlan(0, range(3))]), hasPreferences: true } as never);
    assert.deepEqual(commands.slice(1), ['launch 0.0 #0 @2', 'launch 0.1 #0 @1', 'launch 0.2 #0 @0']);
  });

  test('a partition that prefers the idle slot may pass over a lower one, a bounded number of times', () => {
    const machine = new Machine(['b'], preferring);
    machine.do({ ...submitted(1, [stagePlan(0, range(40))]), hasPreferences: true } as never);
    const order = [1];
    while (machine.busy.size > 0) {
      const launch = machine.succeed(0).find(command => command.startsWith('launch'));
      if (launch !== undefined) order.push(Number(/\.(\d+)/.exec(launch)![1]));
    }
    assert.deepEqual(order, [...range(16, 1), 0, ...range(23, 17)]);
    machine.quiet();
  });
});

describe('retries', () => {
  test('a task that timed out is tried at the same executor five times, then at the next in the ring', () => {
    const machine = new Machine(['c', 'a', 'b']);
    const [, first] = machine.do(submitted(1, [stagePlan(0, [0])]));
    assert.equal(first, 'launch 0.0 #0 @0');
    for (const attempt of range(4, 1)) assert.deepEqual(machine.fail(0, TIMEOUT), [`launch 0.0 #${attempt} @0`]);
    assert.deepEqual(machine.fail(0, TIMEOUT), ['taskMoved 0.0 from c to a: timeout', 'launch 0.0 #5 @1']);
    for (const _ of range(4)) machine.fail(1, TIMEOUT);
    assert.deepEqual(machine.fail(1, TIMEOUT), ['taskMoved 0.0 from a to b: timeout', 'launch 0.0 #10 @2']);
    machine.succeed(2);
    machine.quiet();
  });

  test('five timeouts are one failure', () => {
    const machine = new Machine(['a']);
    machine.do(submitted(1, [stagePlan(0, [0])], 2));
    for (const _ of range(9)) assert.equal(machine.fail(0, TIMEOUT).length, 1);
    assert.match(machine.fail(0, TIMEOUT).at(-1)!, /^jobFailed 1: .* was tried 10 times/);
    machine.quiet();
  });

  test('while a task waits for the executor where it timed out, others go ahead', () => {
    const machine = new Machine(['a', 'b']);
    machine.do(submitted(1, [stagePlan(0, range(2)), stagePlan(1, range(2))]));
    const [launch] = machine.fail(0, TIMEOUT);
    assert.equal(launch, 'launch 0.0 #1 @0');
    assert.equal(machine.succeed(1)[1], 'launch 1.0 #0 @1');
  });

  test('any other failure sends a task to another executor, for which it waits', () => {
    const machine = new Machine(['a', 'a', 'b']);
    machine.do(submitted(1, [stagePlan(0, range(3))]));
    assert.deepEqual(machine.fail(0), [], 'slot 0 is idle, but of the same executor');
    assert.deepEqual(machine.succeed(2), ['accept 0.1 for 1', 'taskMoved 0.0 from a to b: failed', 'launch 0.0 #1 @2']);
  });

  test('a lost executor takes its tasks to the next ones, and an executor that returns is used again', () => {
    const machine = new Machine(['a', 'a', 'b']);
    machine.do(submitted(1, [stagePlan(0, range(4))]));
    assert.deepEqual(machine.do(executorLost('a')), []);
    assert.deepEqual(machine.do(lost(0)), [], 'its slots need not be reported');
    assert.deepEqual(machine.succeed(2), ['accept 0.1 for 1', 'taskMoved 0.0 from a to b: lost', 'launch 0.0 #1 @2']);
    assert.deepEqual(machine.do(joined(0, 'a')), ['launch 0.3 #0 @0']);
  });

  test('a task that is lost with its executor too often is named', () => {
    const machine = new Machine(['a', 'b', 'c']);
    machine.do(submitted(1, [stagePlan(0, [7])], 2));
    machine.fail(0, GONE);
    const commands = machine.fail(1, GONE);
    assert.match(commands.at(-1)!, /^jobFailed 1: partition 7 of stage 0 was lost with its executor 2 times \(a, b\)/);
    assert.deepEqual(machine.do(submitted(2, [stagePlan(1, [0])])), ['stageStarted 1', 'launch 1.0 #0 @2'], 'the fleet goes on');
  });

  test('a task that was lost twice has an executor to itself where it can', () => {
    const machine = new Machine(['a', 'b']);
    machine.do(submitted(1, [stagePlan(0, [0])]));
    assert.deepEqual(machine.fail(0, GONE), ['taskMoved 0.0 from a to b: lost', 'launch 0.0 #1 @1']);
    machine.do(joined(2, 'c'));
    machine.do(submitted(2, [stagePlan(1, range(4))]));
    for (const [slot, executor] of [
      [4, 'd'],
      [5, 'd'],
    ] as const)
      machine.do(joined(slot, executor));
    assert.equal(machine.succeed(4)[0], 'accept 1.1 for 2');
    machine.succeed(4);
    machine.succeed(5);
    machine.do(joined(3, 'c'));
    assert.deepEqual(machine.fail(1, GONE), ['taskMoved 0.0 from b to d: lost', 'launch 0.0 #2 @5'], 'c has a task, d has none');
    assert.deepEqual(machine.do(submitted(3, [stagePlan(2, range(3))])), ['stageStarted 2', 'launch 2.0 #0 @3'], 'slot 4 stays idle');
    assert.equal(machine.succeed(5).filter(command => command.startsWith('launch 2')).length, 2);
  });
});

describe('output that is lost', () => {
  const plan = [stagePlan(0, range(3)), stagePlan(1, range(2), [0]), stagePlan(2, range(2), [1])];

  test('a running stage waits while what is missing of its input is made again, and only that', () => {
    const machine = new Machine(['a', 'b']);
    machine.do(submitted(1, [stagePlan(0, range(3)), stagePlan(1, range(3), [0])]));
    for (const slot of [0, 1, 0]) machine.succeed(slot);
    assert.deepEqual([machine.task(0).stage, machine.task(1).stage], [1, 1]);
    const commands = machine.do(executorLost('b', [lostOutput(0, [1])]));
    assert.deepEqual(commands, ['stageStarted 0'], 'partition 2 of stage 1 waits, and so does what ran at b');
    machine.busy.delete(slotId(1));
    assert.deepEqual(machine.succeed(0), ['accept 1.1 for 1', 'launch 0.1 #1 @0']);
    assert.deepEqual(machine.succeed(0), ['accept 0.1 for 1', 'stageEnded 0', 'taskMoved 1.0 from b to a: lost', 'launch 1.0 #1 @0']);
    machine.succeed(0);
    assert.deepEqual(machine.succeed(0), ['accept 1.2 for 1', 'stageEnded 1', 'jobSucceeded 1']);
    machine.quiet();
  });

  test('what nobody reads any more is not made again', () => {
    const machine = new Machine(['a']);
    machine.do(submitted(1, plan));
    for (const _ of range(5)) machine.succeed(0);
    assert.equal(machine.task(0).stage, 2);
    assert.deepEqual(machine.do(outputsLost(0, [0, 1, 2])), []);
    assert.deepEqual(machine.succeed(0), ['accept 2.0 for 1', 'launch 2.1 #0 @0']);
    // Now stage 1 lacks something, for which it needs stage 0.
    assert.deepEqual(machine.do(outputsLost(1, [1])), ['stageStarted 0']);
    assert.deepEqual(machine.succeed(0).slice(1), ['stageEnded 2', 'stageAborted 0', 'jobSucceeded 1'], 'the last task had all it needed');
    machine.quiet();
  });

  test('a loss reaches back as far as input is missing', () => {
    const machine = new Machine(['a', 'b']);
    machine.do(submitted(1, plan));
    for (const slot of [0, 1, 0, 0, 1]) machine.succeed(slot);
    assert.equal(machine.task(0).stage, 2);
    machine.do(executorLost('b', [lostOutput(0, [1]), lostOutput(1, [1])]));
    machine.busy.delete(slotId(1));
    machine.fail(0);
    const order: string[] = [];
    while (machine.busy.size > 0) order.push(...machine.succeed(0).filter(command => command.startsWith('accept')));
    assert.deepEqual(
      order.map(accept => accept.split(' ')[1]),
      ['0.1', '1.1', '2.0', '2.1'],
    );
    machine.quiet();
  });

  test('a dormant stage runs once a stage that runs reads it, and tells nothing before', () => {
    const machine = new Machine(['a']);
    const commands = machine.do(submitted(1, [dormant(stagePlan(0, [2])), dormant(stagePlan(1, [], [0])), stagePlan(2, [0], [1])]));
    assert.deepEqual(commands, ['stageStarted 2', 'launch 2.0 #0 @0']);
    assert.deepEqual(machine.do(outputsLost(1, [0])), ['stageStarted 0']);
    assert.deepEqual(machine.fail(0, fetchFrom('x')), ['launch 0.2 #0 @0']);
    assert.deepEqual(machine.succeed(0), ['accept 0.2 for 1', 'stageEnded 0', 'stageStarted 1', 'launch 1.0 #0 @0']);
    machine.succeed(0);
    assert.deepEqual(machine.succeed(0).at(-1), 'jobSucceeded 1');
    machine.quiet();
  });

  test('a job does not wait for a dormant stage that runs for another', () => {
    const machine = new Machine(['a']);
    machine.do(submitted(1, [stagePlan(0, [0]), stagePlan(1, [0], [0])]));
    machine.do(submitted(2, [dormant(stagePlan(0, [0])), dormant(stagePlan(2, [], [0])), stagePlan(3, [0], [2])]));
    assert.deepEqual(machine.do(cancelledJob(1)).slice(0, 2), ['stageAborted 0', 'abort 0.0 #0 @0']);
    assert.deepEqual(machine.succeed(0), ['launch 3.0 #0 @0']);
    assert.equal(machine.succeed(0).at(-1), 'jobSucceeded 2');
    machine.quiet();
  });

  for (const [what, give] of [
    ['is cancelled', (machine: Machine) => machine.do(cancelledJob(1))],
    ['fails', (machine: Machine) => machine.fail(1, { retryable: false })],
  ] as const) {
    test(`what a job was making when it ${what} is still missing to others that hold the stage`, () => {
      const machine = new Machine(['a', 'b']);
      machine.do(submitted(1, [stagePlan(0, [0, 1])]));
      machine.do(submitted(2, [dormant(stagePlan(0, [0, 1])), dormant(stagePlan(1, [], [0])), stagePlan(2, [0], [1])]));
      assert.deepEqual(machine.succeed(0), ['accept 0.0 for 1', 'launch 2.0 #0 @0']);
      assert.ok(give(machine).includes('stageAborted 0'));
      if (machine.busy.has(slotId(1))) machine.fail(1); // the aborted task
      assert.deepEqual(machine.do(outputsLost(1, [0])), ['stageStarted 0', 'launch 0.1 #1 @1'], 'and not stage 1 without its input');
      assert.deepEqual(machine.succeed(1), ['accept 0.1 for 2', 'stageEnded 0', 'stageStarted 1', 'launch 1.0 #0 @1']);
      assert.deepEqual(machine.fail(0, fetchFrom('x')), []);
      assert.deepEqual(machine.succeed(1), ['accept 1.0 for 2', 'stageEnded 1', 'launch 2.0 #1 @0']);
      assert.equal(machine.succeed(0).at(-1), 'jobSucceeded 2');
      machine.quiet();
    });
  }

  test('a fetch that failed is not held against the task, but a stage does not go back for ever', () => {
    const machine = new Machine(['a', 'b']);
    machine.do(submitted(1, [stagePlan(0, [0]), stagePlan(1, [0], [0])], 1));
    machine.succeed(0);
    let commands: string[] = [];
    let rounds = 0;
    for (; !commands.some(command => command.startsWith('jobFailed')); rounds++) {
      const [slot] = machine.busy.keys();
      commands = machine.fail(slot!, fetchFrom('gone'));
    }
    assert.equal(rounds, 9);
    assert.match(commands.at(-1)!, /^jobFailed 1: stage 1 could not read its input, though it was made again 8 times/);
    machine.quiet();
  });
});

describe('speculation', () => {
  const rules = { quarantine: DEFAULT_QUARANTINE, speculation: { quantile: 0.75, multiplier: 1.5, minimum: 50 } };
  /** Four tasks on a and b, of which three took 100 ms and the last, on slot 3, goes on. */
  function straggling(executors = ['a', 'b', 'a', 'b']): Machine {
    const machine = new Machine(executors, rules);
    machine.do(submitted(1, [stagePlan(0, range(4))]));
    machine.now = 100;
    const slots = [...machine.busy].filter(([, { partition }]) => partition < 3).map(([slot]) => slot);
    for (const slot of slots) machine.succeed(slot);
    return machine;
  }

  test('a task that takes long is copied to another executor; the first success counts, the other is aborted', () => {
    const machine = straggling();
    machine.now = 149;
    assert.deepEqual(machine.do(tick), []);
    machine.now = 150;
    const [copy] = machine.do(tick);
    assert.match(copy!, /^launch 0\.3 #1 @[02]$/);
    assert.deepEqual(machine.do(tick), [], 'one copy');
    const slot = Number(copy!.at(-1));
    assert.deepEqual(machine.succeed(slot), ['accept 0.3 for 1', 'abort 0.3 #0 @3', 'stageEnded 0', 'jobSucceeded 1']);
    assert.deepEqual(machine.succeed(3), [], 'too late');
    machine.quiet();
  });

  test('the failure of one does not fail the task while the other runs', () => {
    const machine = straggling();
    machine.now = 1000;
    const slot = Number(machine.do(tick)[0]!.at(-1));
    assert.deepEqual(machine.fail(slot, { retryable: false }), []);
    assert.deepEqual(machine.succeed(3), ['accept 0.3 for 1', 'stageEnded 0', 'jobSucceeded 1']);
    machine.quiet();
  });

  test('a copy that is left alone fails as any other', () => {
    const machine = straggling();
    machine.now = 1000;
    const slot = Number(machine.do(tick)[0]!.at(-1));
    assert.deepEqual(machine.fail(3), []);
    assert.match(machine.fail(slot, { retryable: false }).at(-1)!, /^jobFailed 1/);
    machine.quiet();
  });

  test('with one executor, or without the option, nothing is copied', () => {
    const alone = straggling(['a', 'a', 'a', 'a']);
    alone.now = 1e6;
    assert.deepEqual(alone.do(tick), []);
    const state = createState();
    for (const slot of [joined(0, 'a'), joined(1, 'b')]) step(state, slot);
    step(state, submitted(1, [stagePlan(0, range(1))]));
    assert.deepEqual(step(state, tick, 1e6), []);
  });
});

describe('quarantine', () => {
  const rules = { quarantine: { after: 3, ticks: 2 } };

  test('an executor that fails three tasks in a row gets none for some ticks, then one at a time until one succeeds', () => {
    const machine = new Machine(['a', 'a', 'b'], rules);
    machine.do(submitted(1, [stagePlan(0, range(20))], 10));
    machine.fail(0);
    machine.fail(0);
    assert.deepEqual(machine.fail(0), ['executorQuarantined a']);
    assert.deepEqual(machine.do(tick), []);
    assert.equal(machine.busy.size, 2, 'slot 1 still has its task');
    assert.deepEqual(machine.fail(1), []);
    const trial = machine.do(tick);
    assert.equal(trial.length, 1, 'one task of two slots');
    const [slot] = [...machine.busy.keys()].filter(slot => slot !== 2);
    assert.deepEqual(machine.fail(slot!), ['executorQuarantined a'], 'the trial failed');
    machine.do(tick);
    machine.do(tick);
    const [again] = [...machine.busy.keys()].filter(slot => slot !== 2);
    assert.equal(machine.succeed(again!).filter(command => command.startsWith('launch')).length, 2, 'both slots again');
  });

  test('a success in between counts from the start, and failed fetches are held against who has the output', () => {
    const machine = new Machine(['a', 'b'], rules);
    machine.do(submitted(1, [stagePlan(0, range(20))], 10));
    machine.fail(0);
    machine.fail(0);
    machine.succeed(0);
    assert.equal(machine.fail(0).includes('executorQuarantined a'), false);
    for (const _ of range(2)) machine.fail(0, fetchFrom('b'));
    assert.ok(machine.fail(0, fetchFrom('b')).includes('executorQuarantined b'));
  });

  test('a wish for an executor does not undo that it is in quarantine, or where a task has failed', () => {
    const machine = new Machine(['a', 'b'], { ...rules, preferred: () => [executorId('a')] });
    machine.do({ ...submitted(1, [stagePlan(0, range(6))], 9), hasPreferences: true } as never);
    assert.equal(machine.task(0).partition, 0, 'at a, as all of them would like');
    assert.ok(!machine.fail(0).includes('launch 0.0 #1 @0'), 'a retry goes elsewhere');
    machine.fail(0);
    assert.match(machine.fail(0).join(), /executorQuarantined a/);
    assert.equal(machine.busy.has(slotId(0)), false);
    while (machine.busy.has(slotId(1))) {
      machine.succeed(1);
      assert.equal(machine.busy.has(slotId(0)), false, 'a gets nothing');
    }
    machine.quiet();
  });

  test('never are all executors in quarantine', () => {
    const machine = new Machine(['a', 'b'], rules);
    machine.do(submitted(1, [stagePlan(0, range(20))], 100));
    for (const _ of range(3)) machine.fail(0);
    for (const _ of range(10)) assert.equal(machine.fail(1).includes('executorQuarantined b'), false);
    const commands = machine.do(executorLost('b'));
    assert.equal(commands.filter(command => command.startsWith('launch')).length, 1, 'a is on trial, for there is nobody else');
  });
});

describe('places in the queue of an executor', () => {
  /** Two executors of a thread (slots 0 and 1) and three places (2 to 4, 5 to 7). */
  const fleet = (): Machine => {
    const machine = new Machine(['a', 'b']);
    for (const slot of range(6, 2)) machine.do({ type: 'slotJoined', slot: placeOf(slot, slot < 5 ? 'a' : 'b') });
    return machine;
  };
  const quick = (machine: Machine, slot: number, seconds: number): string[] => {
    const task = machine.task(slot);
    machine.busy.delete(slotId(slot));
    return machine.do(succeeded(task, slotId(slot), seconds));
  };

  test('are given nothing before tasks of the stage are known to be quick', () => {
    const machine = fleet();
    assert.deepEqual(machine.do(submitted(0, [stagePlan(0, range(9))])), ['stageStarted 0', 'launch 0.0 #0 @0', 'launch 0.1 #0 @1']);
    assert.deepEqual(quick(machine, 0, 0.5), ['accept 0.0 for 0', 'launch 0.2 #0 @0']);
  });

  test('are given nothing of a stage whose tasks take turns, however quick', () => {
    const machine = fleet();
    machine.do(submitted(0, [{ ...stagePlan(0, range(9)), takesTurns: true }]));
    assert.deepEqual(quick(machine, 0, 0.001), ['accept 0.0 for 0', 'launch 0.2 #0 @0']);
  });

  test('are given as many as are quick together, in turns', () => {
    const machine = fleet();
    machine.do(submitted(0, [stagePlan(0, range(9))]));
    assert.deepEqual(quick(machine, 0, 0.009), [
      'accept 0.0 for 0',
      'launch 0.2 #0 @0',
      'launch 0.3 #0 @2',
      'launch 0.4 #0 @5',
      'launch 0.5 #0 @3',
      'launch 0.6 #0 @6',
    ]);
    // Slower now: no more than what is there.
    assert.deepEqual(quick(machine, 2, 0.04), ['accept 0.3 for 0']);
  });

  test('give back a task that is not begun, which waits for a thread; its place rests until another task has ended', () => {
    const machine = fleet();
    machine.do(submitted(0, [stagePlan(0, range(6))]));
    quick(machine, 0, 0.009);
    assert.deepEqual(machine.fail(2, { reason: 'notBegun' }), []);
    assert.deepEqual(machine.fail(5, { reason: 'notBegun' }), []);
    // Of quick ones again it would be given one at once, were it not resting.
    assert.deepEqual(quick(machine, 0, 0.009), ['accept 0.2 for 0', 'launch 0.3 #1 @0']);
    assert.deepEqual(quick(machine, 0, 0.009), ['accept 0.3 for 0', 'launch 0.4 #1 @0']);
    for (const slot of [0, 1, 3]) quick(machine, slot, 0.009);
    machine.quiet();
  });

  test('that go with their executor are no failures of their tasks, which are tried in threads, where a loss counts', () => {
    const machine = fleet();
    machine.do(submitted(0, [stagePlan(0, range(7))], 1));
    quick(machine, 0, 0.009);
    quick(machine, 1, 0.009);
    assert.deepEqual([machine.task(5).partition, machine.task(6).partition], [4, 6]);
    assert.deepEqual(machine.do(executorLost('b')), []);
    for (const slot of [5, 6]) machine.busy.delete(slotId(slot));
    assert.deepEqual(quick(machine, 0, 0.009), ['accept 0.2 for 0', 'launch 0.4 #1 @0']);
    for (const slot of [2, 3]) quick(machine, slot, 0.009);
    assert.match(machine.fail(0, GONE).at(-1)!, /^jobFailed 0: partition 4 of stage 0 was lost with its executor 1 time/);
  });

  test('fail no job, however often its tasks come back', () => {
    const machine = fleet();
    const log = machine.do(submitted(0, [stagePlan(0, range(40))], 1));
    let returned = 0;
    for (let turn = 0; machine.busy.size > 0; turn++) {
      const places = [...machine.busy.keys()].filter(slot => slot > 1);
      if (turn % 2 === 0 && places.length > 0) {
        machine.fail(places[0]!, { reason: 'notBegun' });
        returned++;
      } else log.push(...quick(machine, [...machine.busy.keys()][0]!, 0.001));
    }
    assert.ok(returned > 10, `${returned}`);
    assert.equal(log.at(-1), 'jobSucceeded 0');
    machine.quiet();
  });
});
