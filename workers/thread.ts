// What the pool loads in each thread. All of it is in a bundle that comes with its bytecode.
import { keepCompiled, loadBundle } from '../lib/core/code-cache.js';
import { builtFile } from '../lib/core/places.js';
import type { ThreadAnswer, ThreadTask } from '../lib/transport/local/messages.js';

const { runTask: run } = loadBundle<typeof import('./task-thread.js')>(builtFile('lib/bundle/task-thread.cjs'));

/** A thread is ended without notice: what it compiled is kept after its first task, and once more when it has seen a few. */
const KEPT_AFTER = [1, 8];
let tasks = 0;

export async function runTask(task: ThreadTask): Promise<ThreadAnswer> {
  const answer = await run(task);
  if (KEPT_AFTER.includes(++tasks)) keepCompiled();
  return answer;
}
