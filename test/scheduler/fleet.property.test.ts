// Random jobs on executors that join, die, time out, come back, answer late, give tasks back from their queues and lose what they
// stored, against a model that knows where all output is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { step } from '../../lib/scheduler/machine.js';
import type { Command, SchedulerEvent, StagePlan, TaskRef } from '../../lib/scheduler/messages.js';
import { createState, isQuiet } from '../../lib/scheduler/state.js';
import type { FailureReason, SlotId } from '../../lib/transport/contract.js';
import {
  brief,
  cancelledJob,
  executorId,
  executorLost,
  failed,
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
  TYPE_ERROR,
  tick,
} from './messages.js';

type Action =
  | { do: 'submit'; lasts: number[]; own: number }
  | { do: 'cancel' | 'succeed' | 'timeout' | 'retry' | 'notBegun' | 'loseWith' | 'fatal'; pick: number }
  | { do: 'fetchFailed'; pick: number; parent: number }
  | { do: 'join' | 'loseSlot'; slot: number }
  | { do: 'loseExecutor'; executor: number }
  | { do: 'echo'; pick: number; ok: boolean }
  | { do: 'tick'; after: number };

interface Occupied {
  readonly task: TaskRef;
  aborted: boolean;
}

const SHARED = 5;
const MAPS = 3;
const FINAL = 100;
const THREADS = 2;
/** The last two of each executor are places in its queue: they are there while any of its threads is. */
const SLOTS_PER_EXECUTOR = 4;
const isPlace = (slot: number) => slot % SLOTS_PER_EXECUTOR >= THREADS;
const placesOf = (slot: number) => range(SLOTS_PER_EXECUTOR - THREADS, slot - (slot % SLOTS_PER_EXECUTOR) + THREADS);
/** How long tasks take: long, quick, very quick, and nobody tells. */
const SECONDS = [1, 0.01, 0.001, 0, undefined];
const nameOf = (slot: number) => `e${Math.floor(slot / SLOTS_PER_EXECUTOR)}`;
const keyOf = ({ stage, partition }: TaskRef) => `${stage}.${partition}`;

class Model {
  readonly state = createState({
    speculation: { quantile: 0.5, multiplier: 1, minimum: 5 },
    quarantine: { after: 2, ticks: 2 },
    preferred: (_job, _stage, partition) => [executorId(`e${partition}`)],
  });
  readonly live = new Map<number, StagePlan[]>();
  readonly slots = new Set<number>();
  readonly busy = new Map<number, Occupied>();
  /** Who has the output of a partition of a shared stage, and the results of the last stages, by stage and partition. */
  readonly where = new Map<string, string>();
  readonly launched = new Set<string>();
  readonly history: { task: TaskRef; slot: SlotId }[] = [];
  jobs = 0;
  ended = 0;
  now = 0;

  constructor(readonly parents: readonly number[][]) {}

  send(event: SchedulerEvent): Command[] {
    const commands = step(this.state, event, this.now);
    for (const command of commands) this.check(command, event);
    const { fleet } = this.state;
    assert.deepEqual([fleet.slots.size, fleet.busy], [this.slots.size, this.busy.size], 'a slot leaked');
    const stuck = this.live.size > 0 && this.slots.size > 0 && this.busy.size === 0;
    assert.equal(stuck, false, 'a job waits though every slot is idle');
    for (const { id, phase, missing } of this.state.stages.values()) {
      if (phase !== 'ended' || id >= FINAL) continue;
      assert.deepEqual([...missing].sort(), this.missingOf(id), `stage ${id} has ended and does not know what it lacks`);
    }
    return commands;
  }

  missingOf(stage: number): number[] {
    return range(MAPS).filter(partition => !this.where.has(`${stage}.${partition}`));
  }

  private check(command: Command, event: SchedulerEvent): void {
    switch (command.type) {
      case 'accept': {
        assert.equal(event.type, 'taskSucceeded');
        const key = keyOf(command.task);
        assert.equal(this.where.has(key), false, `${brief(command)}: counted twice`);
        assert.ok(command.jobs.length > 0 && command.jobs.every(job => this.live.has(job)));
        this.where.set(key, nameOf((event as { slot: number }).slot));
        return;
      }
      case 'launch':
        this.checkLaunch(command.task, command.slot, event);
        return;
      case 'abort': {
        const occupied = this.busy.get(command.slot);
        assert.deepEqual(occupied, { task: command.task, aborted: false });
        occupied!.aborted = true;
        return;
      }
      case 'taskMoved':
        assert.notEqual(command.from.executor, command.to.executor);
        return;
      case 'jobSucceeded': {
        const last = this.live.get(command.job)!.at(-1)!;
        for (const partition of last.partitions) assert.ok(this.where.has(`${last.id}.${partition}`), `${brief(command)}: too early`);
        this.end(command.job);
        return;
      }
      case 'jobFailed':
        this.end(command.job);
        return;
      default:
        return;
    }
  }

  private checkLaunch(task: TaskRef, slot: number, event: SchedulerEvent): void {
    const what = brief({ type: 'launch', task, slot: slotId(slot) });
    assert.ok(this.slots.has(slot) && !this.busy.has(slot), `${what}: the slot is not idle`);
    assert.notEqual(this.state.fleet.slots.get(slotId(slot))!.executor.health, 'quarantined', `${what}: in quarantine`);
    const plan = this.live.get(task.job)?.find(({ id }) => id === task.stage);
    assert.ok(plan !== undefined, `${what}: of a job that does not know it`);
    assert.equal(this.where.has(keyOf(task)), false, `${what}: is there already`);
    const id = `${task.job} ${what.slice(0, what.indexOf('@'))}`;
    assert.equal(this.launched.has(id), false, `${what}: an attempt of the same number`);
    this.launched.add(id);
    for (const parent of plan.parents) assert.deepEqual(this.missingOf(parent), [], `${what}: without its input from ${parent}`);
    assert.ok(this.isWanted(task.stage), `${what}: nobody reads it`);
    for (const [other, { task: running, aborted }] of this.busy) {
      if (aborted || keyOf(running) !== keyOf(task)) continue;
      assert.equal(event.type, 'tick', `${what}: runs already`);
      assert.notEqual(nameOf(other), nameOf(slot), `${what}: a copy where the task runs`);
    }
    const copies = [...this.busy.values()].filter(other => !other.aborted && keyOf(other.task) === keyOf(task));
    assert.ok(copies.length < 2, `${what}: a copy of a copy`);
    this.busy.set(slot, { task, aborted: false });
    this.history.push({ task, slot: slotId(slot) });
  }

  /** A last stage, or one that is read by a stage of the same job that lacks something. */
  private isWanted(stage: number): boolean {
    if (stage >= FINAL) return true;
    for (const plan of this.live.values()) {
      for (const { id, parents, partitions } of plan) {
        if (!parents.some(parent => parent === stage)) continue;
        if (id < FINAL ? this.missingOf(id).length > 0 : partitions.some(partition => !this.where.has(`${id}.${partition}`))) return true;
      }
    }
    return false;
  }

  private end(job: number): void {
    assert.ok(this.live.delete(job), `job ${job} ended twice`);
    this.ended++;
  }

  private plan(job: number, lasts: readonly number[], own: readonly number[]): StagePlan[] {
    const plans = new Map<number, StagePlan>();
    const visit = (id: number, isRead: boolean): void => {
      if (plans.has(id)) return;
      const partitions = this.missingOf(id);
      const isDormant = !isRead || partitions.length === 0;
      for (const parent of this.parents[id]!) visit(parent, !isDormant);
      plans.set(id, { ...stagePlan(id, partitions, this.parents[id]!), isDormant });
    };
    for (const id of lasts) visit(id, true);
    return [...plans.values(), stagePlan(FINAL + job, [...own], [...lasts])];
  }

  /** What an executor has, by stage: gone from now on. */
  private take(executor: string, only?: number): { stage: number; partitions: number[] }[] {
    return range(SHARED)
      .filter(stage => only === undefined || stage === only)
      .map(stage => {
        const partitions = range(MAPS).filter(partition => this.where.get(`${stage}.${partition}`) === executor);
        for (const partition of partitions) this.where.delete(`${stage}.${partition}`);
        return { stage, partitions };
      })
      .filter(({ partitions }) => partitions.length > 0);
  }

  run(action: Action): void {
    switch (action.do) {
      case 'submit': {
        const job = this.jobs++;
        const plan = this.plan(job, [...new Set(action.lasts)], range(action.own));
        this.live.set(job, plan);
        this.send({ ...submitted(job, plan, 3), hasPreferences: job % 2 === 0 } as SchedulerEvent);
        return;
      }
      case 'cancel': {
        const jobs = [...this.live.keys()];
        if (jobs.length > 0) this.send(cancelledJob(jobs[action.pick % jobs.length]!));
        return;
      }
      case 'join':
        this.slots.add(action.slot);
        this.send(joined(action.slot, nameOf(action.slot)));
        for (const place of placesOf(action.slot)) {
          this.slots.add(place);
          this.send({ type: 'slotJoined', slot: placeOf(place, nameOf(place)) });
        }
        return;
      case 'loseSlot':
        this.losePlaces(action.slot);
        this.leave(action.slot);
        this.send(lost(action.slot));
        return;
      case 'loseExecutor': {
        const executor = `e${action.executor}`;
        for (const slot of [...this.slots].filter(slot => nameOf(slot) === executor)) {
          this.slots.delete(slot);
          this.busy.delete(slot);
        }
        const outputs = this.take(executor).map(({ stage, partitions }) => lostOutput(stage, partitions));
        this.send(executorLost(executor, outputs));
        return;
      }
      case 'echo': {
        const past = this.history[action.pick % Math.max(1, this.history.length)];
        if (past === undefined || this.busy.get(past.slot)?.task === past.task) return;
        const { task, slot } = past;
        const event = action.ok ? succeeded({ ...task }, slot) : failed({ ...task }, slot, { lostSlot: true, reason: 'lost' });
        assert.deepEqual(this.send(event), []);
        return;
      }
      case 'tick':
        this.now += action.after;
        this.send(tick);
        return;
      case 'fetchFailed':
        this.failFetch(action.pick, action.parent);
        return;
      default:
        this.finish(action.do, action.pick);
    }
  }

  private pick(pick: number): [number, Occupied] | undefined {
    const all = [...this.busy];
    return all.length === 0 ? undefined : all[pick % all.length];
  }

  private failFetch(pick: number, parent: number): void {
    const picked = this.pick(pick);
    if (picked === undefined) return;
    const [slot, { task, aborted }] = picked;
    const parents = this.live.get(task.job)?.find(({ id }) => id === task.stage)?.parents ?? [];
    if (aborted || parents.length === 0) return;
    const stage = parents[parent % parents.length]!;
    const executor = this.where.get(`${stage}.${parent % MAPS}`) ?? 'nobody';
    for (const { partitions } of this.take(executor, stage)) this.send(outputsLost(stage, partitions));
    if (picked[1].aborted) return; // by that
    this.busy.delete(slot);
    const fetch = { shuffle: stage as never, executor: executorId(executor) };
    this.send(failed(task, slotId(slot), { reason: 'fetchFailed', fetch }));
  }

  private leave(slot: number): void {
    this.slots.delete(slot);
    this.busy.delete(slot);
  }

  /** Before the last thread of an executor goes. */
  private losePlaces(slot: number): void {
    if ([...this.slots].some(other => other !== slot && nameOf(other) === nameOf(slot) && !isPlace(other))) return;
    for (const place of placesOf(slot)) {
      this.leave(place);
      this.send(lost(place));
    }
  }

  finish(how: 'succeed' | 'timeout' | 'retry' | 'notBegun' | 'loseWith' | 'fatal', pick: number): void {
    const picked = this.pick(pick);
    if (picked === undefined) return;
    const [slot, { task }] = picked;
    if (how === 'loseWith' && !isPlace(slot)) this.losePlaces(slot);
    const { aborted } = picked[1]; // by that, perhaps
    this.busy.delete(slot);
    if (how === 'succeed') {
      const commands = this.send(succeeded({ ...task }, slotId(slot), SECONDS[pick % SECONDS.length]));
      assert.equal(commands[0]?.type === 'accept', !aborted);
      return;
    }
    if (how === 'loseWith') this.slots.delete(slot);
    const reasons: Partial<Record<typeof how, FailureReason>> = { timeout: 'timeout', loseWith: 'lost', notBegun: 'notBegun' };
    const error = how === 'fatal' ? { error: TYPE_ERROR, retryable: false } : {};
    this.send(failed({ ...task }, slotId(slot), { ...error, reason: reasons[how], lostSlot: how === 'loseWith' }));
  }
}

const pick = fc.nat(1000);
const slot = fc.tuple(fc.nat(3), fc.nat(THREADS - 1)).map(([executor, thread]) => executor * SLOTS_PER_EXECUTOR + thread);
const actions: [number, fc.Arbitrary<Action>][] = [
  [
    4,
    fc.record({
      do: fc.constant('submit' as const),
      lasts: fc.array(fc.nat(SHARED - 1), { minLength: 1, maxLength: 2 }),
      own: fc.integer({ min: 1, max: 8 }),
    }),
  ],
  [6, fc.record({ do: fc.constant('join' as const), slot })],
  [1, fc.record({ do: fc.constant('loseSlot' as const), slot })],
  [3, fc.record({ do: fc.constant('loseExecutor' as const), executor: fc.nat(3) })],
  [14, fc.record({ do: fc.constant('succeed' as const), pick })],
  [5, fc.record({ do: fc.constantFrom('timeout' as const, 'timeout' as const, 'retry' as const, 'loseWith' as const), pick })],
  [3, fc.record({ do: fc.constant('notBegun' as const), pick })],
  [1, fc.record({ do: fc.constantFrom('cancel' as const, 'fatal' as const), pick })],
  [2, fc.record({ do: fc.constant('fetchFailed' as const), pick, parent: fc.nat(20) })],
  [2, fc.record({ do: fc.constant('echo' as const), pick, ok: fc.boolean() })],
  [3, fc.record({ do: fc.constant('tick' as const), after: fc.nat(12) })],
];
const action = fc.oneof(...actions.map(([weight, arbitrary]) => ({ weight, arbitrary })));
/** For each shared stage, its parents: stages of lower ids. */
const graph = fc.tuple(
  ...range(SHARED).map(id => (id === 0 ? fc.constant<number[]>([]) : fc.uniqueArray(fc.nat(id - 1), { maxLength: 2 }))),
);

/** Job 3 holds stage 0 while job 2 makes it, which is cancelled; then stage 1 has to be made again, which reads it. Found at random. */
const GIVEN_UP: [number[][], Action[]] = [
  [[], [0], [], [], []],
  [
    { do: 'submit', lasts: [0], own: 1 },
    { do: 'join', slot: 8 },
    ...range(3).map((): Action => ({ do: 'succeed', pick: 0 })),
    { do: 'join', slot: 12 },
    { do: 'submit', lasts: [1], own: 1 },
    ...[79, 1, 0].map((pick): Action => ({ do: 'succeed', pick })),
    { do: 'loseExecutor', executor: 2 },
    ...range(2).map((): Action => ({ do: 'succeed', pick: 0 })),
    { do: 'submit', lasts: [0], own: 1 },
    { do: 'submit', lasts: [1], own: 1 },
    { do: 'cancel', pick: 0 },
    { do: 'succeed', pick: 0 },
    { do: 'fetchFailed', pick: 0, parent: 0 },
  ],
];

test('every job ends, every result counts once, what is lost is made again and nothing else, no slot leaks', () => {
  fc.assert(
    fc.property(graph, fc.array(action, { minLength: 20, maxLength: 150, size: 'max' }), (parents, script) => {
      const model = new Model(parents);
      for (const next of script) model.run(next);
      if (model.slots.size === 0) model.run({ do: 'join', slot: 0 });
      for (let left = 10_000; model.busy.size > 0; left--) {
        assert.ok(left > 0, 'the jobs do not end');
        model.finish('succeed', left);
      }
      assert.equal(model.live.size, 0);
      assert.equal(model.ended, model.jobs);
      assert.ok(isQuiet(model.state));
    }),
    { numRuns: 1000, examples: [GIVEN_UP], includeErrorInReport: true },
  );
});
