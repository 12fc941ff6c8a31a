// A user's function over the rows of whole partitions: it pulls rows from the pipelines below, and what it gives goes on
// in chunks.

import type { Batch, Source } from '../batch.js';
import { type Chunks, chunksOf } from '../compile.js';
import { type TaskContext, taskError } from '../pipeline.js';
import type { PartRows } from './part-rows.js';

export class CallSource implements Source {
  readonly bytesRead = 0;
  private readonly chunks: Chunks;

  constructor(
    private readonly task: TaskContext,
    private readonly label: string,
    private readonly inputs: readonly PartRows[],
    call: (...rows: IterableIterator<unknown>[]) => unknown,
  ) {
    this.chunks = this.guarded(() => chunksOf(call(...inputs.map(pull)) as Iterable<unknown>));
  }

  next(): Batch | null {
    const rows = this.guarded(() => this.chunks.next());
    return rows === null ? null : { kind: 'rows', rows, n: rows.length, block: this.task.spec.local };
  }

  close(): void {
    try {
      this.chunks.end();
    } finally {
      this.closeInputs();
    }
  }

  private closeInputs(): void {
    for (const input of this.inputs) input.close();
  }

  private guarded<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      this.closeInputs();
      throw taskError(error, this.label, this.task.spec);
    }
  }
}

function* pull(input: PartRows): IterableIterator<unknown> {
  for (let rows = input.next(); rows !== null; rows = input.next()) yield* rows;
}
