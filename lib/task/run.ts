// Runs one task: program in, result out. The same code in a thread, in an executor, and on the main thread.

import { prepare } from './async/prepare.js';
import { AsyncWork } from './async/work.js';
import type { TaskEnv } from './env.js';
import { isBlockwise, openSink } from './open-sink.js';
import { PipelineRun, type TaskContext, taskError } from './pipeline.js';
import { Programs } from './programs.js';
import { SharedValues } from './shared-values.js';
import type { TaskResult, TaskSpec } from './spec.js';
import { KeptRows } from './stored/kept-rows.js';

export class TaskRunner {
  private readonly shared = new SharedValues();
  private readonly programs = new Programs(this.shared.resolve);

  /** Runs a task to its end. Rejects with a HeddleError that tells the operator, partition, attempt and record. */
  async run(spec: TaskSpec, env: TaskEnv): Promise<TaskResult> {
    const started = performance.now();
    this.shared.keepOnly(spec.wanted);
    // Before the program: the code of a class may use a value while it is defined.
    if (spec.shared.length > 0) await this.shared.prepare(spec.shared);
    const { loaded, inItsOwnName } = await this.programs.of(spec);
    const kept = new KeptRows(env, spec);
    const task: TaskContext = { env, loaded, spec, metrics: { rowsIn: 0, bytesIn: 0, bytesSpilled: 0 }, kept };
    const added = this.shared.begin();
    try {
      const done = loaded.waiting[spec.branch] ? await this.shared.within(added, () => runWaitingTask(task)) : runTask(task);
      const updates = added.encode();
      const seconds = (performance.now() - started) / 1000;
      const stored = kept.results();
      const { rowsIn, bytesIn, bytesSpilled } = task.metrics;
      const { columns, rowsOut, bytesOut, winner, sizes, bytesSpilled: moreSpilled = 0 } = done;
      const result: TaskResult = { columns, seconds, rowsIn, rowsOut, bytesIn, bytesOut, bytesSpilled: bytesSpilled + moreSpilled };
      if (winner === undefined && sizes === undefined && updates.length === 0 && stored.length === 0) return result;
      return {
        ...result,
        ...(winner === undefined ? {} : { winner }),
        ...(sizes === undefined ? {} : { sizes }),
        ...(updates.length === 0 ? {} : { updates }),
        ...(stored.length === 0 ? {} : { stored }),
      };
    } catch (error) {
      kept.discard();
      throw inItsOwnName(taskError(error, undefined, spec));
    } finally {
      this.shared.end(added);
    }
  }
}

function runTask(task: TaskContext) {
  const sink = openSink(task);
  try {
    const pipeline = task.loaded.program.branches[task.spec.branch]!;
    const run = new PipelineRun(task, pipeline, sink, isBlockwise(task));
    try {
      run.runAll();
    } finally {
      run.close();
    }
    return sink.finish();
  } finally {
    sink.dispose();
  }
}

/** As runTask, for a stage with sources that have to be waited for. */
async function runWaitingTask(of: TaskContext) {
  const work = new AsyncWork(of.env);
  const task: TaskContext = { ...of, work };
  try {
    const sink = openSink(task);
    try {
      const pipeline = task.loaded.program.branches[task.spec.branch]!;
      await prepare(task, pipeline);
      const run = new PipelineRun(task, pipeline, sink, isBlockwise(task));
      try {
        do await run.ready();
        while (run.step());
      } finally {
        run.close();
      }
      return sink.finish();
    } finally {
      sink.dispose();
    }
  } finally {
    await work.end();
  }
}
