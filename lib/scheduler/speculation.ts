// Copies of tasks that take much longer than the others of their stage (Dean and Ghemawat, MapReduce, 2004, section 3.6): the first
// to succeed counts, the other is aborted.
import type { SlotState } from './fleet.js';
import type { SpeculationRule, State, Task } from './state.js';

export interface Copy {
  readonly of: Task;
  readonly slot: SlotState;
}

/** Finds the tasks to be copied, each with an idle slot on another executor. Costs the tasks that run. */
export function copyStragglers(state: State, rule: SpeculationRule, launch: (copy: Copy) => void): void {
  for (const job of state.jobs.values()) {
    for (const stage of job.started) {
      const { queue, done, asked, durations } = stage;
      if (!queue.isEmpty || durations.length === 0 || done.size < rule.quantile * asked.size) continue;
      const limit = Math.max(rule.minimum, rule.multiplier * median(durations));
      for (const task of stage.running) {
        if (state.fleet.offering.first === undefined) return;
        if (task.twin !== undefined || state.now - task.started < limit) continue;
        const slot = slotElsewhere(state, task);
        if (slot !== undefined) launch({ of: task, slot });
      }
    }
  }
}

/** Not where it runs, nor where it failed. Passes over no more executors than that. */
function slotElsewhere({ fleet }: State, { ref, slot, stage }: Task): SlotState | undefined {
  const failed = stage.failures.get(ref.partition)?.executors ?? [];
  for (let executor = fleet.offering.first; executor !== undefined; executor = executor.next) {
    if (executor !== slot.executor && !failed.includes(executor.id)) return executor.idle.first;
  }
  return undefined;
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[sorted.length >>> 1]!;
}
