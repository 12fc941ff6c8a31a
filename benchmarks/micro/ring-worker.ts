// The other thread of benchmarks/micro/ring.ts: takes words, folds them in the order they come, answers.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Ring, WordRing } from '../../lib/shuffle/ring/ring.js';

export const BATCH = 64;

export interface RingTransfer {
  readonly how: 'ring: one' | 'ring: many' | 'port: one' | 'port: many';
  readonly buffer: SharedArrayBuffer;
  readonly port: MessagePort;
  readonly count: number;
}

/** Depends on every word and on their order. */
function fold(hash: number, word: number): number {
  return (Math.imul(hash, 31) + word) | 0;
}

export function answerOf(count: number): number {
  let hash = 0;
  for (let i = 0; i < count; i++) hash = fold(hash, i);
  return hash;
}

if (parentPort !== null) serve(workerData as RingTransfer, answer => parentPort!.postMessage(answer));

function serve({ how, buffer, port, count }: RingTransfer, send: (answer: number) => void): void {
  let hash = 0;
  let seen = 0;
  const take = (word: number): void => {
    hash = fold(hash, word);
    if (++seen < count) return;
    send(hash);
    hash = 0;
    seen = 0;
  };
  send(0);
  if (how === 'port: one') {
    port.on('message', take);
  } else if (how === 'port: many') {
    port.on('message', (words: Int32Array) => {
      for (let i = 0; i < words.length; i++) take(words[i]!);
    });
  } else if (how === 'ring: one') {
    const ring = WordRing.open(buffer);
    for (;;) take(ring.pop()!);
  } else {
    const ring = Ring.open(buffer);
    const into = new Int32Array(BATCH);
    for (;;) {
      const popped = ring.popMany(into, 0, BATCH, Number.POSITIVE_INFINITY);
      for (let i = 0; i < popped; i++) take(into[i]!);
    }
  }
}
