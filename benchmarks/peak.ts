// The most memory that a process has resident. Linux keeps the highest mark itself (VmHWM), so looking at it from time to
// time misses no peak but one of the last moments.
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const EVERY_MS = 20;

/** Watches a process until it exits; the answer is in bytes, or null where the system does not tell. */
export function watchPeak(child: ChildProcess): () => number | null {
  let most: number | null = null;
  const look = () => {
    const mark = highestMark(child.pid);
    if (mark !== null && mark > (most ?? 0)) most = mark;
  };
  const timer = setInterval(look, EVERY_MS);
  timer.unref();
  child.once('exit', () => clearInterval(timer));
  return () => most;
}

function highestMark(pid: number | undefined): number | null {
  if (pid === undefined || process.platform !== 'linux') return null;
  try {
    const found = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return found === null ? null : Number(found[1]) * 1024;
  } catch {
    return null; // it has just ended
  }
}
