// How fast values become a column and come back: the codec on its own, over columns of 4,096 values as a shuffle makes
// them. node dist/benchmarks/micro/codec.js
import { deserialize, serialize } from 'node:v8';
import { Bench } from 'tinybench';
import { prepareColumn, readColumn } from '../../lib/codec/column.js';
import { printRates } from '../rates.js';

const ROWS = 4096;

const columns: Readonly<Record<string, (i: number) => unknown>> = {
  int32: i => i * 7919,
  float64: i => i / 3,
  boolean: i => i % 3 === 0,
  'short words': i => `word${i % 500}`,
  'text beyond Latin-1': i => `słowo ${i % 500} ☕`,
  'pairs (word, 1)': i => [`word${i % 500}`, 1],
  objects: i => ({ id: i, name: `name${i}`, score: i / 7 }),
  mixed: i => (i % 2 === 0 ? i : `number ${i}`),
};

let sink = 0; // what is read is looked at, so that reading cannot be optimised away
const bench = new Bench({ time: 300, warmupTime: 100 });
for (const [name, make] of Object.entries(columns)) {
  const values = Array.from({ length: ROWS }, (_, i) => make(i));
  const column = prepareColumn(values, 0, ROWS);
  const target = new Uint8Array(new SharedArrayBuffer(column.byteLength));
  column.write(target);
  bench.add(`${name}: encode`, () => {
    const prepared = prepareColumn(values, 0, ROWS);
    prepared.write(target);
  });
  bench.add(`${name}: decode`, () => {
    const read = readColumn(target);
    for (let i = 0; i < ROWS; i++) if (read[i] !== undefined) sink++;
  });
  bench.add(`${name}: v8.serialize, for comparison`, () => {
    sink += serialize(values).length;
  });
  const serialized = serialize(values);
  bench.add(`${name}: v8.deserialize, for comparison`, () => {
    sink += (deserialize(serialized) as unknown[]).length;
  });
}
await bench.run();
if (sink === 0) throw new Error('nothing was read');
printRates(`columns of ${ROWS} values`, bench, ROWS);
