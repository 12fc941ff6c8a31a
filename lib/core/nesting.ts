// Contexts belong to driver threads: a closure, or a module that a closure imports, must not start another engine in a task.

import { HeddleError } from './errors.js';

const MARK = Symbol.for('heddle.taskThread');

/** Called once by a thread that runs tasks. */
export function markTaskThread(): void {
  (globalThis as Record<symbol, unknown>)[MARK] = true;
}

/** Throws HEDDLE_NESTED in a thread that runs tasks. */
export function refuseNesting(): void {
  if ((globalThis as Record<symbol, unknown>)[MARK] !== true) return;
  throw new HeddleError(
    'HEDDLE_NESTED',
    'a context was created inside a task: a closure, or a module it imports, creates one; move what closures use into a module of its own',
  );
}
