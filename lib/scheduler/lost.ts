// Shuffle output that is gone: the partitions that wrote it are run again, once something that is open reads them.
//
// Held to throughout: an ended stage with missing output has no child that is open, so a child that starts has all its input, as
// far as anybody knows.
import type { Command, LostOutput } from './messages.js';
import { awaitParents, startReady, suspend } from './stages.js';
import type { Job, Stage, State } from './state.js';

/** Marks output as missing and opens the stages again that have to make it. Returns the jobs that are done by it. */
export function loseOutputs(state: State, outputs: readonly LostOutput[], out: Command[]): Job[] {
  const readers = new Set<Stage>();
  for (const { stage: id, partitions } of outputs) {
    const stage = state.stages.get(id);
    if (stage === undefined || !markMissing(stage, partitions)) continue;
    if (stage.phase !== 'ended') continue;
    for (const child of stage.children) if (child.phase !== 'ended') readers.add(child);
  }
  const opened: Stage[] = [];
  for (const reader of readers) {
    opened.push(...awaitParents(reader));
    if (reader.phase === 'running' && reader.waitingFor.size > 0) suspend(reader);
  }
  return startReady(
    opened.filter(stage => stage.waitingFor.size === 0),
    out,
  );
}

/** Returns whether anything is missing that was not before. What is queued or runs will be written anew anyway. */
function markMissing(stage: Stage, partitions: readonly number[]): boolean {
  let isNews = false;
  const isOpen = stage.phase !== 'ended';
  for (const partition of partitions) {
    if (stage.asked.has(partition) && !stage.done.has(partition)) continue;
    if (stage.missing.has(partition)) continue;
    isNews = true;
    stage.missing.add(partition);
    stage.done.delete(partition);
    stage.asked.delete(partition);
    if (!isOpen) continue;
    stage.asked.add(partition);
    stage.left++;
    stage.queue.addRetry(partition);
  }
  // An outcome of the attempts so far must not be taken for one of those to come.
  if (isNews) stage.firstAttempt = stage.lastAttempt + 1;
  return isNews;
}
