// The graph of stages under the jobs: joining it, moving along it, leaving it.
//
// A stage is kept as long as a job that named it lives, and none of its partitions runs again in that time unless its output is
// lost. It is open for
// some of these jobs and has ended for others: a later job may ask an ended stage for partitions that nobody has run.
// Held to throughout: a job that waits for a stage waits for all that the stage waits for.
import type { JobId, StageId } from '../core/ids.js';
import type { Command, SchedulerEvent, StagePlan } from './messages.js';
import { createStage, type Job, type Stage, type State, type Task } from './state.js';

export type Submission = Extract<SchedulerEvent, { type: 'jobSubmitted' }>;

/** The first parent that does not stand before its child in the plan. */
export function unknownParent(stages: readonly StagePlan[]): { stage: StageId; parent: StageId } | undefined {
  const seen = new Set<StageId>();
  for (const { id, parents } of stages) {
    for (const parent of parents) if (!seen.has(parent)) return { stage: id, parent };
    seen.add(id);
  }
  return undefined;
}

/** Makes or joins the stages of a job. Returns those that are ready to start. */
export function submitStages(state: State, job: Job, plans: readonly StagePlan[]): Stage[] {
  const opened: Stage[] = [];
  for (const plan of plans) {
    let stage = state.stages.get(plan.id);
    const isNew = stage === undefined;
    if (stage === undefined) state.stages.set(plan.id, (stage = createStage(plan.id)));
    for (const id of plan.parents) {
      const parent = state.stages.get(id)!;
      if (stage.parents.has(parent)) continue;
      stage.parents.add(parent);
      parent.children.add(stage);
      for (const holder of stage.holders) tie(holder, parent);
    }
    stage.takesTurns ||= plan.takesTurns === true;
    const isDormant = plan.isDormant === true;
    if (isDormant) noteMissing(stage, isNew, plan.partitions);
    const added = isDormant ? 0 : askFor(stage, plan.partitions);
    if (added > 0) {
      stage.isReopened = false;
      // Who opens a stage opens it for all that it lacks.
      askFor(stage, stage.missing);
    }
    if ((isNew && !isDormant) || (added > 0 && stage.phase === 'ended')) {
      stage.phase = 'waiting';
      opened.push(stage);
    }
    if (stage.phase === 'waiting') opened.push(...awaitParents(stage));
    // Nobody waits for a dormant stage but by way of one that reads it.
    if (isDormant) tie(job, stage);
    else hold(job, stage);
  }
  return opened.filter(stage => stage.waitingFor.size === 0);
}

/** Also of an open stage, which has asked for all that it lacks: those who wait for it may leave before it is made. */
function noteMissing(stage: Stage, isNew: boolean, partitions: readonly number[]): void {
  if (isNew) stage.phase = 'ended';
  for (const partition of partitions) if (!stage.done.has(partition)) stage.missing.add(partition);
}

/** Returns how many of the partitions are new to the stage. */
function askFor(stage: Stage, partitions: Iterable<number>): number {
  const added: number[] = [];
  for (const partition of partitions) {
    if (stage.asked.has(partition)) continue;
    stage.asked.add(partition);
    added.push(partition);
  }
  if (added.length > 0) stage.queue.add(added);
  stage.left += added.length;
  return added.length;
}

/**
 * Makes a stage wait for its parents: those that are open, and those that have ended but lack some of their output, which are
 * opened again, as are the parents that these need in turn. Returns the ones that were opened.
 */
export function awaitParents(stage: Stage): Stage[] {
  const opened: Stage[] = [];
  const edges: [Stage, Stage][] = [];
  const found = [stage];
  for (let child = found.pop(); child !== undefined; child = found.pop()) {
    for (const parent of child.parents) {
      if (child.waitingFor.has(parent)) continue;
      if (parent.phase === 'ended') {
        if (parent.missing.size === 0) continue;
        askFor(parent, parent.missing);
        parent.phase = 'waiting';
        parent.isReopened = true;
        opened.push(parent);
        found.push(parent);
      }
      child.waitingFor.add(parent);
      edges.push([child, parent]);
    }
  }
  // From the children on, so that a parent's own waiters are known when its parents are reached.
  for (const [child, parent] of edges) for (const waiter of child.waiters) hold(waiter, parent);
  return opened;
}

/** Has a job hold a stage and all that this reads. */
function tie(job: Job, stage: Stage): void {
  const found = [stage];
  for (let next = found.pop(); next !== undefined; next = found.pop()) {
    if (job.stages.has(next)) continue;
    job.stages.add(next);
    next.holders.add(job);
    for (const parent of next.parents) found.push(parent);
  }
}

/** Ties a stage to a job and, when it has not ended, makes the job wait for it and for whatever it waits for. */
function hold(job: Job, stage: Stage): void {
  tie(job, stage);
  const found = [stage];
  for (let next = found.pop(); next !== undefined; next = found.pop()) {
    if (next.phase === 'ended' || job.open.has(next)) continue;
    job.open.add(next);
    next.waiters.add(job);
    next.waiterIds = idsOf(next.waiters);
    next.maxFailures = Math.max(next.maxFailures, job.maxFailures);
    if (next.phase === 'running') addStarted(job, next);
    for (const parent of next.waitingFor) found.push(parent);
  }
}

function idsOf(jobs: ReadonlySet<Job>): JobId[] {
  return Array.from(jobs, job => job.id);
}

/** By id, so that fair sharing finds the lowest stage first. */
function addStarted(job: Job, stage: Stage): void {
  let at = job.started.length;
  while (at > 0 && job.started[at - 1]!.id > stage.id) at--;
  job.started.splice(at, 0, stage);
}

/** Starts stages whose parents have ended, and on from those that have nothing to run. Returns the jobs that are done by it. */
export function startReady(stages: readonly Stage[], out: Command[]): Job[] {
  const done: Job[] = [];
  const ready = [...stages].sort((a, b) => b.id - a.id);
  // A loop, not recursion: a chain of empty stages may be as long as a lineage.
  for (let stage = ready.pop(); stage !== undefined; stage = ready.pop()) {
    stage.phase = 'running';
    for (const job of stage.waiters) addStarted(job, stage);
    if (!stage.isStarted) out.push({ type: 'stageStarted', stage: stage.id, jobs: stage.waiterIds });
    stage.isStarted = true;
    if (stage.left > 0) continue;
    const ended = endStage(stage, out);
    done.push(...ended.doneJobs);
    ready.push(...ended.stages);
  }
  return done;
}

/**
 * Ends a stage all of whose partitions have succeeded, also while it waits for parents that were opened again. Returns the stages
 * that can start and the jobs that are done by it.
 */
export function endStage(stage: Stage, out: Command[]): { stages: Stage[]; doneJobs: Job[] } {
  out.push({ type: 'stageEnded', stage: stage.id, jobs: stage.waiterIds });
  const waiters = new Set(stage.waiters);
  for (const job of waiters) stopWaiting(job, stage);
  stage.phase = 'ended';
  stage.isStarted = false;
  stage.isReopened = false;
  stage.waiters.clear();
  stage.waiterIds = [];
  for (const job of letGoOfParents(stage, out)) waiters.add(job);
  const stages: Stage[] = [];
  for (const child of stage.children) {
    if (child.waitingFor.delete(stage) && child.waitingFor.size === 0) stages.push(child);
  }
  return { stages, doneJobs: [...waiters].filter(job => job.open.size === 0) };
}

/**
 * Has jobs no longer wait for parents that were opened again for a stage that they waited for and do no more; a parent that no job
 * waits for is ended. Returns these jobs.
 */
function letGoOfParents(stage: Stage, out: Command[]): Set<Job> {
  const jobs = new Set<Job>();
  const found = [stage];
  for (let child = found.pop(); child !== undefined; child = found.pop()) {
    for (const parent of child.waitingFor) {
      if (!parent.isReopened) continue;
      const leaving = [...parent.waiters].filter(job => !isAwaited(parent, job));
      for (const job of leaving) {
        stopWaiting(job, parent);
        jobs.add(job);
        dropWaiter(parent, job, out);
      }
      if (leaving.length > 0) found.push(parent);
    }
    if (child.waiters.size === 0) child.waitingFor.clear();
  }
  return jobs;
}

function isAwaited(parent: Stage, job: Job): boolean {
  for (const child of parent.children) if (child.waitingFor.has(parent) && child.waiters.has(job)) return true;
  return false;
}

/** The stage goes on for its other jobs, if there are any. */
function dropWaiter(stage: Stage, job: Job, out: Command[]): void {
  stage.waiters.delete(job);
  stage.waiterIds = idsOf(stage.waiters);
  if (stage.waiters.size > 0) handOver(stage, job);
  else stopTasks(stage, job.id, out);
}

export function stopWaiting(job: Job, stage: Stage): void {
  job.open.delete(stage);
  if (stage.phase === 'running') job.started.splice(job.started.indexOf(stage), 1);
}

/** Holds back what a running stage has queued until its parents have ended; what runs goes on. */
export function suspend(stage: Stage): void {
  for (const job of stage.waiters) job.started.splice(job.started.indexOf(stage), 1);
  stage.phase = 'waiting';
}

/** Lets go of all stages of a job that has ended: what no other job waits for is stopped, what no other holds is forgotten. */
export function releaseStages(state: State, job: Job, out: Command[]): void {
  for (const stage of job.stages) {
    stage.holders.delete(job);
    if (stage.waiters.has(job)) {
      stopWaiting(job, stage);
      dropWaiter(stage, job, out);
      if (stage.waiters.size === 0) stage.waitingFor.clear();
    }
    if (stage.holders.size > 0) continue;
    state.stages.delete(stage.id);
    for (const parent of stage.parents) parent.children.delete(stage);
  }
  job.stages.clear();
}

/** Running tasks of a shared stage go on, at the account of another of its jobs. */
function handOver(stage: Stage, from: Job): void {
  const [to] = stage.waiters;
  for (const task of stage.running) {
    if (task.job !== from) continue;
    from.running--;
    to!.running++;
    task.job = to;
  }
}

/** Aborts what runs and forgets what waits; what has succeeded still counts for those who hold the stage. */
function stopTasks(stage: Stage, job: JobId, out: Command[]): void {
  if (stage.isStarted) out.push({ type: 'stageAborted', stage: stage.id, job });
  for (const partition of stage.queue.drain()) stage.asked.delete(partition);
  for (const task of stage.running) {
    stage.asked.delete(task.ref.partition);
    abortTask(task, out);
  }
  stage.failures.clear();
  // Jobs that still hold it may open it again: an attempt of then must not be taken for one of now.
  if (stage.missing.size > 0) stage.firstAttempt = stage.lastAttempt + 1;
  stage.left = 0;
  stage.phase = 'ended';
  stage.isStarted = false;
  stage.isReopened = false;
}

export function abortTask(task: Task, out: Command[]): void {
  const { job, stage } = task;
  if (job !== undefined) job.running--;
  stage.running.remove(task);
  task.job = undefined;
  task.twin = undefined;
  out.push({ type: 'abort', task: task.ref, slot: task.slot.slot.id });
}
