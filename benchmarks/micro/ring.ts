// What a ring costs: operations on one thread (tinybench), and words moved from one thread to another, beside
// MessagePort.postMessage doing the same. Every answer is checked. Run: node dist/benchmarks/micro/ring.js [--json]
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { MessageChannel, Worker } from 'node:worker_threads';
import { Bench } from 'tinybench';
import { Ring, WordRing } from '../../lib/shuffle/ring/ring.js';
import { answerOf, BATCH, type RingTransfer } from './ring-worker.js';

const CAPACITY = 1024;
const RUNS = 5;
/** Enough for a tenth of a second or so: the slower way moves fewer. */
const WORDS_BY_RING = 1 << 20;
const WORDS_BY_PORT = 1 << 17;

interface Row {
  readonly what: string;
  /** Words a second: the median of the runs. */
  readonly wordsPerSecond: number;
  readonly slowest: number;
  readonly fastest: number;
}

async function uncontended(): Promise<Row[]> {
  const words = WordRing.create({ capacity: CAPACITY });
  const ring = Ring.create({ capacity: CAPACITY, words: 1 });
  const batch = Int32Array.from({ length: BATCH }, (_, i) => i);
  const into = new Int32Array(BATCH);
  const bench = new Bench({ time: 500, warmupTime: 200 });
  // A thousand operations a sample: the clock takes as long as one.
  bench.add(`one thread: push and pop, one word at a time`, () => {
    let sum = 0;
    for (let i = 0; i < 1024; i++) {
      words.tryPush(i);
      sum += words.tryPop()!;
    }
    assert.equal(sum, (1023 * 1024) / 2);
  });
  bench.add(`one thread: push and pop, ${BATCH} words at a time`, () => {
    for (let i = 0; i < 1024; i += BATCH) {
      into[BATCH - 1] = 0;
      assert.equal(ring.pushMany(batch, 0, BATCH), BATCH);
      assert.equal(ring.popMany(into, 0, BATCH), BATCH);
      assert.equal(into[BATCH - 1], BATCH - 1);
    }
  });
  await bench.run();
  return bench.tasks.map(({ name, result }) => {
    if (!('latency' in result)) throw new Error(`${name}: ${result.state}`);
    const { p50, min, p99 } = result.latency;
    const rate = (milliseconds: number): number => (1024 / milliseconds) * 1000;
    return { what: name, wordsPerSecond: rate(p50), slowest: rate(p99), fastest: rate(min) };
  });
}

/** Moves words 0 .. count - 1 to another thread, several times over; the clock stops when that thread has seen the last. */
async function transfer(what: string, how: RingTransfer['how'], count: number): Promise<Row> {
  const ring = Ring.create({ capacity: CAPACITY, words: 1 });
  const { port1, port2 } = new MessageChannel();
  const work: RingTransfer = { how, buffer: ring.buffer, port: port2, count };
  const worker = new Worker(new URL('./ring-worker.js', import.meta.url), { workerData: work, transferList: [port2] });
  await once(worker, 'message'); // it is there
  const words = WordRing.open(ring.buffer);
  const batch = new Int32Array(BATCH);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const answered = once(worker, 'message');
    const started = performance.now();
    if (how === 'ring: one') {
      for (let i = 0; i < count; i++) words.push(i);
    } else if (how === 'port: one') {
      for (let i = 0; i < count; i++) port1.postMessage(i);
    } else {
      for (let i = 0; i < count; i += BATCH) {
        for (let j = 0; j < BATCH; j++) batch[j] = i + j;
        if (how === 'port: many') port1.postMessage(batch);
        else for (let sent = 0; sent < BATCH; ) sent += ring.pushMany(batch, sent, BATCH - sent, Number.POSITIVE_INFINITY);
      }
    }
    const [answer] = (await answered) as [number];
    rates.push((count / (performance.now() - started)) * 1000);
    assert.equal(answer, answerOf(count), `${what}: the words that arrived are not those that were sent`);
  }
  port1.close();
  await worker.terminate();
  rates.sort((a, b) => a - b);
  return { what, wordsPerSecond: rates[RUNS >> 1]!, slowest: rates[0]!, fastest: rates[RUNS - 1]! };
}

const rows = await uncontended();
rows.push(await transfer('two threads: ring, one word at a time', 'ring: one', WORDS_BY_RING));
rows.push(await transfer(`two threads: ring, ${BATCH} words at a time`, 'ring: many', WORDS_BY_RING));
rows.push(await transfer('two threads: postMessage, one word at a time', 'port: one', WORDS_BY_PORT));
rows.push(await transfer(`two threads: postMessage, ${BATCH} words at a time`, 'port: many', WORDS_BY_RING));

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ benchmark: 'ring', node: process.version, parallelism: availableParallelism(), capacity: CAPACITY, rows }));
} else {
  const millions = (rate: number): string => (rate / 1e6).toFixed(2);
  console.table(
    Object.fromEntries(
      rows.map(row => [
        row.what,
        {
          'M words/s': millions(row.wordsPerSecond),
          slowest: millions(row.slowest),
          fastest: millions(row.fastest),
          'ns a word': Math.round(1e9 / row.wordsPerSecond),
        },
      ]),
    ),
  );
  if (availableParallelism() < 2) console.log('One core only: the figures for two threads are those of taking turns.');
}
