// The graph of stages under the jobs: joining it, moving along it, leaving it.
//
// A stage is kept as long as a job that named it lives, and none of its partitions runs twice in that time. It is open for
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
    const added = askFor(stage, plan.partitions);
    if (isNew || (added > 0 && stage.phase === 'ended')) {
      stage.phase = 'waiting';
      opened.push(stage);
    }
    if (stage.phase === 'waiting') waitForParents(state, stage, plan.parents);
    hold(job, stage);
  }
  return opened.filter(stage => stage.waitingFor.size === 0);
}

/** Returns how many of the partitions are new to the stage. */
function askFor(stage: Stage, partitions: readonly number[]): number {
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

function waitForParents(state: State, stage: Stage, parents: readonly StageId[]): void {
  for (const id of parents) {
    const parent = state.stages.get(id)!;
    if (parent.phase === 'ended') continue;
    stage.waitingFor.add(parent);
    parent.children.add(stage);
    // The plans of these jobs may not have named this parent, or named it as ended.
    for (const waiter of stage.waiters) hold(waiter, parent);
  }
}

/** Ties a stage to a job and, when it has not ended, makes the job wait for it and for whatever it waits for. */
function hold(job: Job, stage: Stage): void {
  const found = [stage];
  for (let next = found.pop(); next !== undefined; next = found.pop()) {
    job.stages.add(next);
    next.holders.add(job);
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
    out.push({ type: 'stageStarted', stage: stage.id, jobs: stage.waiterIds });
    if (stage.left > 0) continue;
    const ended = endStage(stage, out);
    done.push(...ended.doneJobs);
    ready.push(...ended.stages);
  }
  return done;
}

/** Ends a stage all of whose partitions have succeeded. Returns the stages that can start and the jobs that are done by it. */
export function endStage(stage: Stage, out: Command[]): { stages: Stage[]; doneJobs: Job[] } {
  out.push({ type: 'stageEnded', stage: stage.id, jobs: stage.waiterIds });
  const doneJobs: Job[] = [];
  for (const job of stage.waiters) {
    stopWaiting(job, stage);
    if (job.open.size === 0) doneJobs.push(job);
  }
  stage.phase = 'ended';
  stage.waiters.clear();
  stage.waiterIds = [];
  const stages: Stage[] = [];
  for (const child of stage.children) {
    child.waitingFor.delete(stage);
    if (child.waitingFor.size === 0) stages.push(child);
  }
  stage.children.clear();
  return { stages, doneJobs };
}

function stopWaiting(job: Job, stage: Stage): void {
  job.open.delete(stage);
  if (stage.phase === 'running') job.started.splice(job.started.indexOf(stage), 1);
}

/** Lets go of all stages of a job that has ended: what no other job waits for is stopped, what no other holds is forgotten. */
export function releaseStages(state: State, job: Job, out: Command[]): void {
  for (const stage of job.stages) {
    stage.holders.delete(job);
    if (stage.waiters.delete(job)) {
      stopWaiting(job, stage);
      stage.waiterIds = idsOf(stage.waiters);
      if (stage.waiters.size > 0) handOver(stage, job);
      else stopStage(stage, job.id, out);
    }
    if (stage.holders.size === 0) state.stages.delete(stage.id);
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
function stopStage(stage: Stage, job: JobId, out: Command[]): void {
  if (stage.phase === 'running') out.push({ type: 'stageAborted', stage: stage.id, job });
  for (const parent of stage.waitingFor) parent.children.delete(stage);
  stage.waitingFor.clear();
  for (const partition of stage.queue.drain()) stage.asked.delete(partition);
  for (const task of stage.running) {
    stage.asked.delete(task.ref.partition);
    abortTask(task, out);
  }
  stage.running.clear();
  stage.failures.clear();
  stage.left = 0;
  stage.phase = 'ended';
}

function abortTask(task: Task, out: Command[]): void {
  task.job = undefined;
  out.push({ type: 'abort', task: task.ref, slot: task.slot.slot.id });
}
