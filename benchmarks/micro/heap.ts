// What a block of the shared heap costs: allocate and free on one thread (tinybench). Checks that the heap is as it was.
// Run: node dist/benchmarks/micro/heap.js [--json]
import assert from 'node:assert/strict';
import { Bench } from 'tinybench';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';

const PAIRS = 1000;
const heap = Heap.format(reserveHeap(2 ** 32), { threads: 1 });
const before = heap.stats();
const bench = new Bench({ time: 500, warmupTime: 200 });

for (const [title, bytes] of [
  ['4 KiB', 4096],
  ['64 KiB', 65536],
  ['300 KiB', 300 * 1024],
  ['1 MiB', 1 << 20],
] as const) {
  bench.add(`${title}, free at once`, () => {
    for (let i = 0; i < PAIRS; i++) heap.free(heap.allocate(bytes));
  });
}
const held = new Float64Array(PAIRS);
bench.add(`64 KiB, free after ${PAIRS}`, () => {
  for (let i = 0; i < PAIRS; i++) held[i] = heap.allocate(65536);
  for (let i = 0; i < PAIRS; i++) heap.free(held[i]!);
});
await bench.run();
assert.deepEqual(heap.stats(), before);
heap.verify();

const rows = bench.tasks.map(({ name, result }) => {
  if (!('latency' in result)) throw new Error(`${name}: ${result.state}`);
  return { what: name, nanosecondsAPair: (result.latency.p50 * 1e6) / PAIRS };
});
if (process.argv.includes('--json')) console.log(JSON.stringify({ benchmark: 'heap', node: process.version, rows }));
else console.table(Object.fromEntries(rows.map(row => [row.what, { 'ns, allocate and free': Math.round(row.nanosecondsAPair) }])));
