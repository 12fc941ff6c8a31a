import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { POP_WAITERS, PUSH_WAITERS } from '../../lib/shuffle/ring/layout.js';
import { Ring, spinThenSleep } from '../../lib/shuffle/ring/ring.js';
import { Slots } from '../../lib/shuffle/ring/slots.js';
import type { Consumed, RingWork } from './ring-worker.js';

/** What ring-worker.ts sends: it cannot be imported for its value here, because it runs. */
const WORDS = 3;
const DEFAULTS = { producer: 0, producers: 1, count: 1, batch: 1, spins: 0 } as const;

function start(work: Partial<RingWork> & Pick<RingWork, 'kind' | 'buffer'>): { worker: Worker; answer: Promise<unknown> } {
  const worker = new Worker(new URL('./ring-worker.js', import.meta.url), { workerData: { ...DEFAULTS, ...work } });
  const answer = once(worker, 'message').then(([message]) => message as unknown); // rejects on 'error'
  answer.catch(() => {}); // whoever awaits it sees the error
  return { worker, answer };
}

/** Waits until so many threads are counted as asleep, or about to be, on a side of the ring. */
async function untilAsleep(ring: Ring, side: number, threads: number): Promise<void> {
  const memory = new Int32Array(ring.buffer);
  while (Atomics.load(memory, side) !== threads) await setImmediate();
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate();
}

describe('ring: many threads', () => {
  for (const { capacity, producers, consumers, batch, popBatch = batch, spins, count } of [
    { capacity: 1, producers: 2, consumers: 2, batch: 1, spins: 0, count: 1500 },
    { capacity: 2, producers: 3, consumers: 2, batch: 1, spins: 0, count: 1500 },
    { capacity: 2, producers: 2, consumers: 1, batch: 5, spins: 20, count: 4000 },
    { capacity: 8, producers: 3, consumers: 3, batch: 3, spins: 0, count: 5000 },
    { capacity: 64, producers: 4, consumers: 1, batch: 1, spins: 50, count: 10_000 },
    { capacity: 1024, producers: 4, consumers: 2, batch: 64, spins: 200, count: 100_000 },
    { capacity: 32, producers: 2, consumers: 2, batch: 7, popBatch: 5, spins: 20, count: 40_000 },
    { capacity: 16, producers: 1, consumers: 1, batch: 1, spins: -1, count: 10_000 },
  ]) {
    const wait = spins < 0 ? 'spinning' : `asleep after ${spins} spins`;
    test(`${producers} to ${consumers}, capacity ${capacity}, batches of ${batch} to ${popBatch}, ${wait}: all arrive once, in order`, async () => {
      // The tickets wrap while the threads run.
      const ring = Ring.create({ capacity, words: WORDS, firstPosition: 2 ** 30 - Math.floor((producers * count) / 2) });
      const consuming = Array.from({ length: consumers }, () =>
        start({ kind: 'consume', buffer: ring.buffer, producers, batch: popBatch, spins }),
      );
      const producing = Array.from({ length: producers }, (_, producer) =>
        start({ kind: 'produce', buffer: ring.buffer, producer, count, batch, spins }),
      );
      // Either side may fail; the consumers end only once the ring is closed.
      await Promise.race([Promise.all(producing.map(({ answer }) => answer)), Promise.all(consuming.map(({ answer }) => answer))]);
      ring.close();
      const results = (await Promise.all(consuming.map(({ answer }) => answer))) as Consumed[];
      for (let producer = 0; producer < producers; producer++) {
        const arrived = results.reduce((sum, { counts }) => sum + counts[producer]!, 0);
        const sum = results.reduce((total, { sums }) => total + sums[producer]!, 0);
        assert.equal(arrived, count);
        assert.equal(sum, (count * (count - 1)) / 2);
      }
      assert.equal(ring.drained, true);
    });
  }
});

describe('ring: wake-ups', () => {
  const wait = spinThenSleep({ spins: 0, napMs: Number.POSITIVE_INFINITY });

  test('to and fro through two rings, both sides asleep in between', async () => {
    const there = Ring.create({ capacity: 1, words: WORDS, wait });
    const back = Ring.create({ capacity: 1, words: WORDS, wait });
    const { worker } = start({ kind: 'echo', buffer: there.buffer, answers: back.buffer });
    const ended = once(worker, 'exit');
    const entry = new Int32Array(WORDS);
    for (let i = 0; i < 2000; i++) {
      entry[0] = i;
      assert.ok(there.push(entry, 0, 60_000));
      entry[0] = -1;
      assert.ok(back.pop(entry, 0, 60_000));
      assert.equal(entry[0], i);
    }
    there.close();
    assert.equal(back.pop(entry, 0, 60_000), false);
    assert.equal(back.drained, true);
    assert.deepEqual(await ended, [0]);
  });

  test('close wakes every consumer', async () => {
    const ring = Ring.create({ capacity: 4, words: WORDS });
    const consuming = [0, 1, 2].map(() => start({ kind: 'consume', buffer: ring.buffer }));
    await untilAsleep(ring, POP_WAITERS, 3);
    ring.close();
    for (const { answer } of consuming) assert.deepEqual(await answer, { counts: [0], sums: [0] });
    assert.equal(new Int32Array(ring.buffer)[POP_WAITERS], 0);
  });

  test('close wakes every producer, which throws', async () => {
    const ring = Ring.create({ capacity: 1, words: WORDS });
    ring.push(new Int32Array(WORDS));
    const producing = [0, 1].map(() => start({ kind: 'produce', buffer: ring.buffer }));
    await untilAsleep(ring, PUSH_WAITERS, 2);
    ring.close();
    for (const { answer } of producing) await assert.rejects(answer, { message: /closed/ });
  });

  test('a batch wakes as many consumers as it has entries, a pop of several as many producers', async () => {
    const ring = Ring.create({ capacity: 4, words: WORDS, wait });
    const consuming = [0, 1].map(() => start({ kind: 'consume', buffer: ring.buffer }));
    await untilAsleep(ring, POP_WAITERS, 2);
    // Numbers in order, as a producer would send them; the check word is left to the consumers to find wrong.
    ring.pushMany(new Int32Array(2 * WORDS), 0, 2);
    for (const { answer } of consuming) await assert.rejects(answer, { message: /torn/ });

    const full = Ring.create({ capacity: 4, words: WORDS, wait });
    full.pushMany(new Int32Array(4 * WORDS), 0, 4);
    const producing = [0, 1, 2].map(producer => start({ kind: 'produce', buffer: full.buffer, producer }));
    await untilAsleep(full, PUSH_WAITERS, 3);
    assert.equal(full.popMany(new Int32Array(3 * WORDS), 0, 3), 3);
    for (const { answer } of producing) assert.equal(await answer, 'done');
    assert.equal(full.size, 4);
  });

  test('slots published out of order: each of two sleepers gets its entry', async () => {
    const ring = Ring.create({ capacity: 4, words: WORDS });
    const consuming = [0, 1].map(() => start({ kind: 'consume', buffer: ring.buffer }));
    await untilAsleep(ring, POP_WAITERS, 2);
    const [first, second] = [new Slots(ring.buffer, 0, wait), new Slots(ring.buffer, 0, wait)];
    first.claimPush(1);
    second.claimPush(1);
    second.publish(1); // wakes one, which finds nothing it may take
    await turns(2000); // most likely it sleeps again; right either way
    first.publish(1);
    for (const { answer } of consuming) await assert.rejects(answer, { message: /torn/ });
    assert.equal(ring.size, 0);
  });

  test('a push that began before the close arrives, and all consumers end after it', async () => {
    const ring = Ring.create({ capacity: 4, words: WORDS });
    const consuming = [0, 1, 2].map(() => start({ kind: 'consume', buffer: ring.buffer }));
    await untilAsleep(ring, POP_WAITERS, 3);
    const late = new Slots(ring.buffer, 0, wait);
    late.claimPush(1);
    ring.close();
    await turns(2000); // most likely they sleep again; right either way
    assert.equal(ring.drained, false);
    late.publish(1);
    const ends = await Promise.allSettled(consuming.map(({ answer }) => answer));
    assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'fulfilled', 'rejected']); // one took the empty entry
    assert.equal(ring.drained, true);
  });
});
