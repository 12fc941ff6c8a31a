// The results of stages that jobs may share, kept so that a job that comes late to a stage hears of what has run already.
//
// Only stages with children are kept: what those tasks return is small (their rows are in the shuffle), while the results
// of a last stage may be all there is. So a last stage cannot be shared, and each job needs one of its own.
import { HeddleError } from '../core/errors.js';
import type { StageId } from '../core/ids.js';
import type { StagePlan, TaskRef } from './messages.js';

interface Entry<Result> {
  jobs: number;
  /** By partition: the first result, for output that was lost is made again. */
  readonly kept: Map<number, [TaskRef, Result]> | undefined;
}

export class StageResults<Result> {
  private readonly stages = new Map<StageId, Entry<Result>>();

  get isEmpty(): boolean {
    return this.stages.size === 0;
  }

  /** Counts a job in, for each stage of its plan. Returns what has run of them, or the error of a stage that it cannot share. */
  join(plans: readonly StagePlan[]): [TaskRef, Result][] | HeddleError {
    const parents = new Set(plans.flatMap(plan => plan.parents));
    const ids = new Set(plans.map(plan => plan.id));
    for (const id of ids) {
      const entry = this.stages.get(id);
      if (entry === undefined || entry.kept !== undefined) continue;
      return new HeddleError('HEDDLE_INTERNAL', `stage ${id} is the last stage of a running job; a job needs a last stage of its own`);
    }
    const known: [TaskRef, Result][] = [];
    for (const id of ids) {
      const entry = this.stages.get(id);
      if (entry === undefined) {
        this.stages.set(id, { jobs: 1, kept: parents.has(id) ? new Map() : undefined });
        continue;
      }
      entry.jobs++;
      for (const pair of entry.kept!.values()) known.push(pair);
    }
    return known;
  }

  /** Counts a job out again. */
  leave(ids: Iterable<StageId>): void {
    for (const id of ids) {
      const entry = this.stages.get(id);
      if (entry !== undefined && --entry.jobs === 0) this.stages.delete(id);
    }
  }

  /** Returns whether it is the first of its partition: of any other, all jobs have been told. */
  keep(task: TaskRef, result: Result): boolean {
    const kept = this.stages.get(task.stage)?.kept;
    if (kept === undefined) return true;
    if (kept.has(task.partition)) return false;
    kept.set(task.partition, [task, result]);
    return true;
  }
}
