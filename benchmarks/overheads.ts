// What Heddle costs before it has done anything: loading the package, and a job with nearly nothing to do.
import { spawnSync } from 'node:child_process';
import { type Command, sessionRuns } from './child.js';
import type { Setting } from './contender.js';
import { nodeProgram } from './contenders/node.js';
import { median } from './measure.js';

/** Seconds, or why there is no figure. */
export interface Overheads {
  readonly importSeconds: number | string;
  readonly smallJobSeconds: number | string;
}

const PROCESSES = 15;
const SMALL_RECORDS = 1000;
const SMALL_RUNS = 60;
const SMALL_WARMUPS = 20;

export async function measureOverheads(setting: Setting): Promise<Overheads> {
  return { importSeconds: measureImport(), smallJobSeconds: await measureSmallJob(setting) };
}

/** A fresh process that imports the package, over one that imports nothing; in turns, medians of both. */
function measureImport(): number | string {
  const [bare, full] = [nodeProgram('heddle/bare.js'), nodeProgram('heddle/import.js')];
  const bareTimes: number[] = [];
  const fullTimes: number[] = [];
  for (let i = 0; i < PROCESSES; i++) {
    for (const [command, times] of [[bare, bareTimes] as const, [full, fullTimes] as const]) {
      const seconds = timeProcess(command);
      if (typeof seconds === 'string') return seconds;
      times.push(seconds);
    }
  }
  return median(fullTimes)! - median(bareTimes)!;
}

function timeProcess({ file, args }: Command): number | string {
  const start = performance.now();
  const { status, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  const seconds = (performance.now() - start) / 1000;
  return status === 0 ? seconds : stderr.trim().split('\n').slice(-3).join(' / ') || `exit code ${status}`;
}

async function measureSmallJob({ threads, limit }: Setting): Promise<number | string> {
  const command = nodeProgram('heddle/session.js', ['small', String(threads), String(SMALL_RECORDS)]);
  const expected = SMALL_RECORDS * (SMALL_RECORDS - 1);
  const times: number[] = [];
  try {
    for await (const { what, seconds, answer } of sessionRuns(command, SMALL_RUNS, limit)) {
      if (what === 'context') continue;
      if (answer !== expected) return `answered ${answer}, expected ${expected}`;
      times.push(seconds);
    }
  } catch (error) {
    return (error as Error).message;
  }
  return median(times.slice(SMALL_WARMUPS))!;
}
