// What befalls executors, a line for each event:
//
//   heddle: task 3 of stage 5 (attempt 2) moves from executor b at 10.0.0.7:4711 (timeout) to executor c at 10.0.0.8:4711
//
// It only folds events, and tells what a person has to know of a job that takes longer than it should.

import type { EngineEvent } from '../core/events.js';

/** A line about executors; undefined for events that are not about them. */
export function fleetLine(event: EngineEvent): string | undefined {
  switch (event.type) {
    case 'taskMoved': {
      const { stage, partition, attempt, from, fromAddress, to, toAddress, reason } = event;
      return `task ${partition} of stage ${stage} (attempt ${attempt}) moves from ${placeOf(from, fromAddress)} (${reason}) to ${placeOf(to, toAddress)}`;
    }
    case 'executorLost': {
      const { partitions, error } = event;
      const again =
        partitions === 0
          ? ''
          : `; ${partitions} map partition${partitions === 1 ? '' : 's'} of its shuffles will be made again where needed`;
      return `${error.message}${again}`;
    }
    case 'executorQuarantined':
      return `${placeOf(event.executor, event.address)} gets no tasks for a while: ${event.failures} failed there in a row`;
    case 'jobWaiting':
      return `job ${event.job} waits: there is no executor`;
    case 'jobResumed':
      return `job ${event.job} goes on after ${event.seconds.toFixed(1)} s without an executor`;
    default:
      return undefined;
  }
}

function placeOf(executor: string, address?: string): string {
  return address === undefined ? `executor ${executor}` : `executor ${executor} at ${address}`;
}
