// Folds the events of jobs into what each did in all.

import type { EngineEvent } from '../core/events.js';
import type { JobId, StageId } from '../core/ids.js';

/** What a job did. Rows and bytes are those read from outside: what crosses a shuffle is not counted again. */
export interface JobTotals {
  readonly action: string;
  readonly ok: boolean;
  readonly seconds: number;
  readonly stages: number;
  readonly tasks: number;
  readonly rows: number;
  readonly bytes: number;
  /** Encoded bytes of the partitions of persisted RDDs that its tasks stored. */
  readonly stored: number;
  /** Bytes that its tasks wrote to disk because there was no room in memory. */
  readonly spilled: number;
  /** Bytes of broadcast values and modules that executors got for it. */
  readonly shared: number;
  /** Of these, how many they got from each other. */
  readonly sharedByPeers: number;
}

interface Running {
  readonly action: string;
  readonly stages: ReadonlySet<StageId>;
  tasks: number;
  rows: number;
  bytes: number;
  stored: number;
  spilled: number;
  shared: number;
  sharedByPeers: number;
}

export class JobSummary {
  /** The last job that ended. */
  last: JobTotals | undefined;
  private readonly running = new Map<JobId, Running>();

  take(event: EngineEvent): void {
    switch (event.type) {
      case 'jobStarted': {
        const stages = new Set(event.stages.map(stage => stage.stage));
        const none = { tasks: 0, rows: 0, bytes: 0, stored: 0, spilled: 0, shared: 0, sharedByPeers: 0 };
        this.running.set(event.job, { action: event.action, stages, ...none });
        return;
      }
      case 'taskEnded':
        if (!event.ok) return;
        for (const job of this.running.values()) {
          if (!job.stages.has(event.stage)) continue;
          job.tasks++;
          job.rows += event.rowsIn;
          job.bytes += event.bytesIn;
          job.spilled += event.bytesSpilled;
        }
        return;
      case 'partitionStored':
        for (const job of this.running.values()) if (job.stages.has(event.stage)) job.stored += event.bytes;
        return;
      case 'valueDelivered':
        for (const job of this.running.values()) {
          if (!job.stages.has(event.stage)) continue;
          job.shared += event.bytes;
          job.sharedByPeers += event.fromPeers;
        }
        return;
      case 'jobEnded': {
        const job = this.running.get(event.job);
        if (job === undefined) return;
        this.running.delete(event.job);
        const { stages, ...totals } = job;
        this.last = { ok: event.ok, seconds: event.seconds, stages: stages.size, ...totals };
        return;
      }
    }
  }
}
