// What a pool thread does: a part of a job, by the same plain loop. The result goes back by structured clone.
import { throwPoints } from '../loops/pi.js';
import { sumByKey } from '../loops/reduceByKey.js';
import { countWords as countIn } from '../loops/wordcount.js';
import type { KeyPart, TextPart } from './jobs.js';

export function countWords({ path, start, end }: TextPart): Map<string, number> {
  return countIn(path, start, end);
}

export function countInside(trials: number): number {
  return throwPoints(trials);
}

export function sumKeys({ from, to, keys }: KeyPart): Map<number, number> {
  return sumByKey(from, to, keys);
}
