// Random jobs that share stages, on slots that come and go, against a model that only counts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { step } from '../../lib/scheduler/machine.js';
import type { Command, SchedulerEvent, StagePlan, TaskRef } from '../../lib/scheduler/messages.js';
import { createState, isQuiet } from '../../lib/scheduler/state.js';
import type { SlotId } from '../../lib/transport/contract.js';
import { brief, cancelledJob, failed, joined, lost, slotId, stagePlan, submitted, succeeded, TYPE_ERROR } from './messages.js';

type Action =
  | { do: 'submit'; lasts: number[]; masks: number[]; own: number; maxFailures: number }
  | { do: 'cancel'; pick: number }
  | { do: 'join' | 'lose'; slot: number }
  | { do: 'succeed' | 'retry' | 'fatal' | 'loseWith'; pick: number }
  | { do: 'echo'; pick: number; ok: boolean; lostSlot: boolean };

interface ModelJob {
  readonly plan: StagePlan[];
  readonly maxFailures: number;
}

interface Occupied {
  readonly task: TaskRef;
  aborted: boolean;
}

const SHARED = 6;

class Model {
  readonly state = createState();
  readonly live = new Map<number, ModelJob>();
  readonly ended = new Map<number, 'succeeded' | 'failed'>();
  readonly slots = new Set<number>();
  readonly busy = new Map<number, Occupied>();
  readonly done = new Map<number, Set<number>>();
  readonly failures = new Map<string, number>();
  readonly history: { task: TaskRef; slot: SlotId }[] = [];
  jobs = 0;

  constructor(readonly parents: readonly number[][]) {}

  send(event: SchedulerEvent): Command[] {
    const commands = step(this.state, event);
    for (const command of commands) this.check(command, event);
    assert.deepEqual([this.state.fleet.slots.size, this.state.fleet.busy], [this.slots.size, this.busy.size], 'a slot leaked');
    const stuck = this.live.size > 0 && this.slots.size > 0 && this.busy.size === 0;
    assert.equal(stuck, false, 'a job waits though every slot is idle');
    return commands;
  }

  doneOf(stage: number): Set<number> {
    let done = this.done.get(stage);
    if (done === undefined) this.done.set(stage, (done = new Set()));
    return done;
  }

  private jobsOf(stage: number): ModelJob[] {
    return [...this.live.values()].filter(job => job.plan.some(plan => plan.id === stage));
  }

  private check(command: Command, event: SchedulerEvent): void {
    switch (command.type) {
      case 'accept': {
        assert.equal(event.type, 'taskSucceeded');
        for (const job of command.jobs) assert.ok(this.live.has(job));
        assert.ok(command.jobs.length > 0);
        const done = this.doneOf(command.task.stage);
        assert.equal(done.has(command.task.partition), false, `${brief(command)}: counted twice`);
        done.add(command.task.partition);
        return;
      }
      case 'launch': {
        const { task, slot } = command;
        assert.ok(this.slots.has(slot) && !this.busy.has(slot), `${brief(command)}: the slot is not idle`);
        assert.ok(this.live.has(task.job), `${brief(command)}: the job has ended`);
        assert.equal(this.doneOf(task.stage).has(task.partition), false, `${brief(command)}: has succeeded`);
        for (const other of this.busy.values()) {
          const same = !other.aborted && other.task.stage === task.stage && other.task.partition === task.partition;
          assert.equal(same, false, `${brief(command)}: runs already`);
        }
        assert.equal(task.attempt, this.failures.get(`${task.stage}.${task.partition}`) ?? 0);
        this.busy.set(slot, { task, aborted: false });
        this.history.push({ task, slot });
        return;
      }
      case 'abort': {
        const occupied = this.busy.get(command.slot);
        assert.deepEqual(occupied, { task: command.task, aborted: false });
        occupied!.aborted = true;
        return;
      }
      case 'stageStarted':
        for (const job of this.jobsOf(command.stage)) {
          for (const plan of job.plan) {
            if (!job.plan.some(child => child.id === command.stage && child.parents.includes(plan.id))) continue;
            for (const partition of plan.partitions) assert.ok(this.doneOf(plan.id).has(partition), `stage ${command.stage} too early`);
          }
        }
        return;
      case 'stageEnded':
        for (const job of command.jobs) {
          const plan = this.live.get(job)!.plan.find(stage => stage.id === command.stage)!;
          for (const partition of plan.partitions) assert.ok(this.doneOf(plan.id).has(partition));
        }
        return;
      case 'stageAborted':
        for (const key of this.failures.keys()) if (key.startsWith(`${command.stage}.`)) this.failures.delete(key);
        return;
      case 'jobSucceeded':
        for (const plan of this.live.get(command.job)!.plan) {
          for (const partition of plan.partitions) assert.ok(this.doneOf(plan.id).has(partition), `${brief(command)} too early`);
        }
        this.end(command.job, 'succeeded');
        return;
      case 'jobFailed':
        this.end(command.job, 'failed');
        return;
    }
  }

  private end(job: number, how: 'succeeded' | 'failed'): void {
    const { plan } = this.live.get(job)!; // each job ends once
    this.live.delete(job);
    this.ended.set(job, how);
    for (const { id } of plan) {
      if (this.jobsOf(id).length > 0) continue;
      this.done.delete(id);
      for (const key of this.failures.keys()) if (key.startsWith(`${id}.`)) this.failures.delete(key);
    }
  }

  private pick(pick: number): [number, Occupied] | undefined {
    const all = [...this.busy];
    return all.length === 0 ? undefined : all[pick % all.length];
  }

  /** Counts a failure in the model before the machine hears of it: the retry may be launched by the same event. */
  private countFailure({ task, aborted }: Occupied): void {
    if (aborted) return;
    const key = `${task.stage}.${task.partition}`;
    this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
  }

  run(action: Action): void {
    switch (action.do) {
      case 'submit': {
        const job = this.jobs++;
        const lasts = [...new Set(action.lasts)];
        const needed = new Set(lasts);
        for (let id = SHARED - 1; id >= 0; id--) if (needed.has(id)) for (const parent of this.parents[id]!) needed.add(parent);
        const plan = [...needed].sort((a, b) => a - b).map(id => stagePlan(id, bits(action.masks[id]!), this.parents[id]!));
        plan.push(stagePlan(100 + job, bits(action.own), lasts));
        this.live.set(job, { plan, maxFailures: action.maxFailures });
        this.send(submitted(job, plan, action.maxFailures));
        return;
      }
      case 'cancel': {
        const jobs = [...this.live.keys()];
        if (jobs.length === 0) return;
        const job = jobs[action.pick % jobs.length]!;
        this.send(cancelledJob(job));
        assert.equal(this.ended.get(job), 'failed');
        return;
      }
      case 'join':
        this.slots.add(action.slot);
        this.send(joined(action.slot));
        return;
      case 'lose': {
        const occupied = this.busy.get(action.slot);
        this.slots.delete(action.slot);
        this.busy.delete(action.slot);
        if (occupied !== undefined) this.countFailure(occupied);
        this.send(lost(action.slot));
        return;
      }
      case 'succeed':
      case 'retry':
      case 'fatal':
      case 'loseWith':
        this.finish(action.do, action.pick);
        return;
      case 'echo': {
        if (this.history.length === 0) return;
        const { task, slot } = this.history[action.pick % this.history.length]!;
        if (this.busy.get(slot)?.task === task) return; // no echo: it still runs
        const { lostSlot } = action;
        const commands = this.send(action.ok ? succeeded({ ...task }, slot) : failed({ ...task }, slot, { retryable: false, lostSlot }));
        assert.deepEqual(commands, []);
        return;
      }
    }
  }

  finish(how: 'succeed' | 'retry' | 'fatal' | 'loseWith', pick: number): void {
    const picked = this.pick(pick);
    if (picked === undefined) return;
    const [slot, occupied] = picked;
    const task = { ...occupied.task };
    this.busy.delete(slot);
    if (how === 'succeed') {
      this.failures.delete(occupied.aborted ? '' : `${task.stage}.${task.partition}`);
      const commands = this.send(succeeded(task, slotId(slot)));
      assert.equal(commands[0]?.type === 'accept', !occupied.aborted);
    } else if (how === 'fatal') {
      const waiting = this.jobsOf(task.stage).length;
      const commands = this.send(failed(task, slotId(slot), { retryable: false, error: TYPE_ERROR }));
      const failures = commands.filter(command => command.type === 'jobFailed').length;
      if (occupied.aborted) assert.equal(failures, 0);
      else assert.ok(failures >= 1 && failures <= waiting);
    } else {
      if (how === 'loseWith') this.slots.delete(slot);
      this.countFailure(occupied);
      this.send(failed(task, slotId(slot), { lostSlot: how === 'loseWith' }));
    }
  }
}

function bits(mask: number): number[] {
  return [0, 1, 2, 3, 4].filter(bit => (mask >> bit) & 1);
}

const pick = fc.nat(1000);
const mask = fc.nat(31);
const actions: fc.Arbitrary<Action>[] = [
  fc.record({
    do: fc.constant('submit' as const),
    lasts: fc.array(fc.nat(SHARED - 1), { maxLength: 3 }),
    masks: fc.oneof(fc.constant(Array<number>(SHARED).fill(31)), fc.array(mask, { minLength: SHARED, maxLength: SHARED })),
    own: mask,
    maxFailures: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ do: fc.constantFrom('join' as const, 'join' as const, 'lose' as const), slot: fc.nat(4) }),
  fc.record({ do: fc.constant('cancel' as const), pick }),
  fc.record({ do: fc.constantFrom('succeed' as const, 'succeed' as const, 'succeed' as const, 'retry' as const), pick }),
  fc.record({ do: fc.constantFrom('succeed' as const, 'succeed' as const, 'fatal' as const, 'loseWith' as const), pick }),
  fc.record({ do: fc.constant('echo' as const), pick, ok: fc.boolean(), lostSlot: fc.boolean() }),
];
const weights = [3, 3, 1, 8, 2, 2];
const action = fc.oneof(...actions.map((arbitrary, i) => ({ arbitrary, weight: weights[i]! })));
/** For each shared stage, its parents: stages of lower ids. */
const graph = fc.tuple(
  ...Array.from({ length: SHARED }, (_, id) => (id === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(id - 1), { maxLength: 2 }))),
);

test('every job ends, every partition counts once, no slot leaks, nothing is left', () => {
  fc.assert(
    fc.property(graph, fc.array(action, { minLength: 10, maxLength: 120, size: 'max' }), (parents, script) => {
      const model = new Model(parents);
      for (const next of script) model.run(next);
      if (model.slots.size === 0) model.run({ do: 'join', slot: 9 });
      for (let left = 10_000; model.busy.size > 0; left--) {
        assert.ok(left > 0, 'the jobs do not end');
        model.finish('succeed', left);
      }
      assert.equal(model.live.size, 0);
      assert.equal(model.ended.size, model.jobs);
      assert.ok(isQuiet(model.state));
    }),
    { numRuns: 1000, includeErrorInReport: true },
  );
});

test('a job whose tasks are lost now and then still succeeds, as long as none is lost too often', () => {
  fc.assert(
    fc.property(graph, fc.array(fc.boolean(), { minLength: 50, maxLength: 100 }), (parents, losses) => {
      const model = new Model(parents);
      for (const slot of [0, 1, 2]) model.run({ do: 'join', slot });
      model.run({ do: 'submit', lasts: [SHARED - 1], masks: Array<number>(SHARED).fill(31), own: 31, maxFailures: 3 });
      for (let turn = 0; model.busy.size > 0; turn++) {
        const [slot, { task }] = [...model.busy][turn % model.busy.size]!;
        const isLost = losses[turn % losses.length]! && task.attempt < 2;
        if (!isLost) model.finish('succeed', turn);
        else {
          model.run({ do: 'lose', slot });
          model.run({ do: 'join', slot });
        }
      }
      assert.equal(model.ended.get(0), 'succeeded');
      assert.ok(isQuiet(model.state));
    }),
    { numRuns: 200, includeErrorInReport: true },
  );
});
