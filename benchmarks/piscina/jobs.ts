// The jobs as a person would spread them over a thread pool by hand: cut the input, run a loop on each part in a
// thread, let structured clone bring the partial results back, merge them on the main thread.
import { statSync } from 'node:fs';
import { Piscina } from 'piscina';

export interface TextPart {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

export interface KeyPart {
  readonly from: number;
  readonly to: number;
  readonly keys: number;
}

const TEXT_PARTS_A_THREAD = 4;

export function createPool(threads: number): Piscina {
  return new Piscina({ filename: new URL('./worker.js', import.meta.url).href, minThreads: threads, maxThreads: threads });
}

/** Several parts a thread: their maps are small, and the threads end together. */
export async function countWords(pool: Piscina, path: string, threads: number): Promise<Map<string, number>> {
  const cuts = evenCuts(statSync(path).size, threads * TEXT_PARTS_A_THREAD);
  const parts = cuts.map(([start, end]): TextPart => ({ path, start, end }));
  return mergeSums(await Promise.all(parts.map(part => pool.run(part, { name: 'countWords' }) as Promise<Map<string, number>>)));
}

export async function countInside(pool: Piscina, trials: number, threads: number): Promise<number> {
  const parts = evenCuts(trials, threads).map(([from, to]) => to - from);
  const inside = await Promise.all(parts.map(part => pool.run(part, { name: 'countInside' }) as Promise<number>));
  return inside.reduce((sum, part) => sum + part, 0);
}

/** One part a thread: every part meets every key, so each further part is one more map of a million entries to clone. */
export async function sumByKey(pool: Piscina, records: number, keys: number, threads: number): Promise<Map<number, number>> {
  const parts = evenCuts(records, threads).map(([from, to]): KeyPart => ({ from, to, keys }));
  return mergeSums(await Promise.all(parts.map(part => pool.run(part, { name: 'sumKeys' }) as Promise<Map<number, number>>)));
}

/** Adds all maps up, into the first of them. */
function mergeSums<K>(maps: readonly Map<K, number>[]): Map<K, number> {
  const [merged = new Map<K, number>(), ...others] = maps;
  for (const map of others) {
    for (const [key, value] of map) merged.set(key, (merged.get(key) ?? 0) + value);
  }
  return merged;
}

/** [0, size) in so many ranges of about the same length. */
function evenCuts(size: number, parts: number): [from: number, to: number][] {
  return Array.from({ length: parts }, (_, i) => [Math.floor((size * i) / parts), Math.floor((size * (i + 1)) / parts)]);
}
