// Opens the sources that have to be waited for; one that ran before gives its batches at once.

import { HeddleError } from '../../core/errors.js';
import type { Batch, Source } from '../batch.js';
import type { TaskContext } from '../pipeline.js';
import type { MapAsyncSpec, PipeSpec } from '../spec.js';
import { MapAsyncSource } from './map-async.js';
import { PipeSource } from './pipe.js';

export function openAsync(task: TaskContext, spec: MapAsyncSpec | PipeSpec, blockwise: boolean): Source {
  const { work } = task;
  if (work === undefined) throw new HeddleError('HEDDLE_INTERNAL', `${spec.label} stands in a task that does not wait`);
  const batches = work.kept(spec, task.spec.inputs);
  if (batches !== undefined) return new KeptSource(batches);
  return spec.kind === 'mapAsync' ? new MapAsyncSource(task, work, spec, blockwise) : new PipeSource(task, work, spec);
}

class KeptSource implements Source {
  readonly bytesRead = 0;
  private at = 0;
  constructor(private readonly batches: (Batch | undefined)[]) {}

  next(): Batch | null {
    const batch = this.batches[this.at];
    // Its rows may go as soon as they are taken.
    this.batches[this.at++] = undefined;
    return batch ?? null;
  }

  close(): void {
    this.batches.length = 0;
  }
}
