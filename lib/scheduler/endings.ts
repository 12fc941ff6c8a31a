// The errors by which the scheduler itself ends a job.
import { HeddleError, toErrorRecord } from '../core/errors.js';
import type { TaskFailure } from '../transport/contract.js';

export function stopped(): HeddleError {
  return new HeddleError('HEDDLE_CONTEXT_STOPPED', 'the context was stopped; create another one to run more jobs');
}

export function cancelled(signal: AbortSignal): HeddleError {
  const reason: unknown = signal.reason;
  // Heddle's own reason: its group.
  if (reason instanceof HeddleError)
    return new HeddleError('HEDDLE_CANCELLED', `the job was cancelled: ${reason.message}`, { data: reason.data });
  const why = reason instanceof Error ? reason.message : String(reason);
  return new HeddleError('HEDDLE_CANCELLED', `the job was cancelled by its signal: ${why}`, { cause: reason });
}

export function late(deadline: number): HeddleError {
  return new HeddleError('HEDDLE_DEADLINE', `the job did not end within its deadline of ${deadline} ms`, { data: { deadline } });
}

/** A transport that throws or rejects breaks its contract; the job learns of it. */
export function broken(error: unknown): TaskFailure {
  const wrapped = new HeddleError('HEDDLE_INTERNAL', `the transport failed to run a task: ${String(error)}`, { cause: error });
  return { ok: false, error: toErrorRecord(wrapped), retryable: false };
}

/** A defect of the scheduler itself: its state can no longer be trusted, so every job ends rather than waits for ever. */
export function defect(error: unknown): HeddleError {
  return new HeddleError('HEDDLE_INTERNAL', `the scheduler met a defect and runs no more jobs: ${String(error)}`, { cause: error });
}
