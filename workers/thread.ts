// What the pool loads in each thread. All of it is in a bundle that comes with its bytecode.
import { keepCompiled, loadOwnBundle } from '../lib/core/code-cache.js';
import { builtFile } from '../lib/core/places.js';
import type { PackedAnswers, ThreadBatch } from '../lib/transport/local/messages.js';

const { runTasks: run } = loadOwnBundle<typeof import('./task-thread.js')>(builtFile('lib/bundle/task-thread.cjs'));

/** A thread is ended without notice: what it compiled is kept after its first batch, and once more when it has seen a few. */
const KEPT_AFTER = [1, 8];
let batches = 0;

export async function runTasks(batch: ThreadBatch): Promise<PackedAnswers> {
  const answers = await run(batch);
  if (KEPT_AFTER.includes(++batches)) keepCompiled();
  return answers;
}
