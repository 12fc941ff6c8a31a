// A thread of the ring's stress tests: produces or consumes until it is told to end, by a count or by a close.
import { parentPort, workerData } from 'node:worker_threads';
import { busySpin, Ring, spinThenSleep } from '../../lib/shuffle/ring/ring.js';

export interface RingWork {
  readonly kind: 'produce' | 'consume' | 'echo';
  readonly buffer: SharedArrayBuffer;
  /** Where the echo answers. */
  readonly answers?: SharedArrayBuffer;
  readonly producer: number;
  readonly producers: number;
  readonly count: number;
  readonly batch: number;
  readonly spins: number;
}

/** Entries of three words: producer, number, and a word that depends on both. */
export const WORDS = 3;

export interface Consumed {
  readonly counts: number[];
  readonly sums: number[];
}

const { kind, buffer, answers, producer, producers, count, batch, spins } = workerData as RingWork;
// Naps without end: a wake-up that is lost is not made up for, it hangs the test.
const wait = spins < 0 ? busySpin() : spinThenSleep({ spins, napMs: Number.POSITIVE_INFINITY });
const PATIENCE_MS = 30_000;

function checkOf(from: number, number: number): number {
  return Math.imul(number ^ Math.imul(from + 1, 0x9e3779b1), 0x85ebca6b);
}

function produce(): void {
  const ring = Ring.open(buffer, 0, { wait });
  const entries = new Int32Array(batch * WORDS);
  for (let sent = 0; sent < count; ) {
    const some = Math.min(batch, count - sent);
    for (let i = 0; i < some; i++) {
      entries[i * WORDS] = producer;
      entries[i * WORDS + 1] = sent + i;
      entries[i * WORDS + 2] = checkOf(producer, sent + i);
    }
    const pushed = batch === 1 ? Number(ring.push(entries, 0, PATIENCE_MS)) : ring.pushMany(entries, 0, some, PATIENCE_MS);
    if (pushed === 0) throw new Error(`producer ${producer} waited in vain`);
    sent += pushed;
  }
  parentPort!.postMessage('done');
}

function consume(): void {
  const ring = Ring.open(buffer, 0, { wait });
  const into = new Int32Array(batch * WORDS);
  const last = new Array<number>(producers).fill(-1);
  const counts = new Array<number>(producers).fill(0);
  const sums = new Array<number>(producers).fill(0);
  for (;;) {
    const asked = performance.now();
    const popped = batch === 1 ? Number(ring.pop(into, 0, PATIENCE_MS)) : ring.popMany(into, 0, batch, PATIENCE_MS);
    // Also when an entry was found in the end: it was not a wake-up that found it.
    if (performance.now() - asked >= PATIENCE_MS) throw new Error('a consumer waited in vain');
    if (popped === 0) break;
    for (let i = 0; i < popped; i++) {
      const from = into[i * WORDS]!;
      const number = into[i * WORDS + 1]!;
      if (into[i * WORDS + 2] !== checkOf(from, number)) throw new Error(`entry ${number} of producer ${from} is torn`);
      if (number <= last[from]!) throw new Error(`entry ${number} of producer ${from} came after ${last[from]}`);
      last[from] = number;
      counts[from]! += 1;
      sums[from]! += number;
    }
  }
  parentPort!.postMessage({ counts, sums } satisfies Consumed);
}

function echo(): void {
  const ring = Ring.open(buffer, 0, { wait });
  const back = Ring.open(answers!, 0, { wait });
  const entry = new Int32Array(WORDS);
  while (ring.pop(entry, 0, PATIENCE_MS)) back.push(entry, 0, PATIENCE_MS);
  back.close();
}

if (kind === 'produce') produce();
else if (kind === 'consume') consume();
else echo();
