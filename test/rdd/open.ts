// A context for the tests of one file, and what its jobs did.
import { after } from 'node:test';
import { Context, type ContextOptions, type EngineEvent } from '../../lib/index.js';

/** A context that is stopped after the file's tests. */
export async function open(options: ContextOptions = {}): Promise<Context> {
  const sc = await Context.create({ threads: 2, memory: '256mb', partitions: 4, progress: false, ...options });
  after(() => sc.stop());
  return sc;
}

/** The events while something runs. */
export async function eventsOf(sc: Context, run: () => Promise<unknown>): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  const listener = (event: EngineEvent) => void events.push(event);
  sc.on('event', listener);
  await run();
  sc.off('event', listener);
  return events;
}

/** How many stages and tasks ran. */
export async function workOf(sc: Context, run: () => Promise<unknown>): Promise<{ stages: number; tasks: number }> {
  const events = await eventsOf(sc, run);
  const count = (type: EngineEvent['type']) => events.filter(event => event.type === type).length;
  return { stages: count('stageStarted'), tasks: count('taskStarted') };
}

/** By the text of the row: for answers whose order is a shuffle's. */
export function sorted<T>(rows: readonly T[]): T[] {
  const text = (row: T) => JSON.stringify(row);
  return [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1));
}
