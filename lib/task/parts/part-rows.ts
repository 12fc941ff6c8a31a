// The rows of one partition of a pipeline, pulled a batch at a time.

import { PipelineRun, type TaskContext } from '../pipeline.js';
import { RowsSink } from '../sinks/rows.js';
import type { PartInput, Pipeline } from '../spec.js';

export class PartRows {
  private readonly sink = new RowsSink();
  private readonly run: PipelineRun;

  constructor(task: TaskContext, pipeline: Pipeline) {
    this.run = new PipelineRun(task, pipeline, this.sink, false);
  }

  /** The next rows, one at least; null at the end. */
  next(): unknown[] | null {
    while (this.run.step()) {
      const rows = this.sink.take();
      if (rows.length > 0) return rows;
    }
    return null;
  }

  /** All rows that are left. */
  rest(): unknown[] {
    const all: unknown[] = [];
    for (let rows = this.next(); rows !== null; rows = this.next()) for (let i = 0; i < rows.length; i++) all.push(rows[i]);
    return all;
  }

  close(): void {
    this.run.close();
  }
}

/** A task as a partition within it sees it: with its own place and its own inputs. */
export function taskOfPart(task: TaskContext, { local, inputs }: PartInput): TaskContext {
  return { ...task, spec: { ...task.spec, local, inputs } };
}
