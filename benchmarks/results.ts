// Every comparison is kept as a document: all times that were taken, on what, and with which versions.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE_ROOT } from './anchors/cache.js';
import type { Outcome } from './report.js';

export const RESULTS_FOLDER = join(PACKAGE_ROOT, 'benchmarks', 'results');

/** Writes the outcome under the minute at which it was ready, and gives the path. */
export function saveOutcome(outcome: Outcome, folder: string = RESULTS_FOLDER, now: Date = new Date()): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${now.toISOString().slice(0, 16).replace(':', '')}.json`);
  writeFileSync(path, `${JSON.stringify(outcome, null, 2)}\n`);
  return path;
}
