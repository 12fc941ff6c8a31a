// What a shuffle of short rows takes of the heap, for more and more maps, and 5,000 reduce ids: in all, and a row. Counted, not
// measured; open blocks depend on how maps fall to threads. node dist/benchmarks/alternatives/shuffle-memory.js
import { type DesignName, MERGED } from './merging/designs.js';
import { Fleet } from './merging/fleet.js';
import { expectedCheck } from './merging/shape.js';

const THREADS = 2;
const REDUCERS = 5000;
const MAPS = [500, 1000, 2000, 4000];
const designs: readonly DesignName[] = [MERGED, 'open blocks of threads'];
const series = {
  '20 M rows in all': (maps: number) => 20_000_000 / maps,
  '1,000 rows a map': () => 1000,
};

const fleet = await Fleet.start(THREADS);
for (const [title, rowsOf] of Object.entries(series)) {
  console.log(`${title}, ${REDUCERS} reduce ids, ${THREADS} threads`);
  const table: Record<string, number | string>[] = [];
  for (const maps of MAPS) {
    for (const design of designs) {
      const shape = { maps, reducers: REDUCERS, rows: rowsOf(maps) };
      const figures = await fleet.run(design, shape);
      if (typeof figures === 'string') throw new Error(`${design}: ${figures}`);
      if (figures.check !== expectedCheck(shape)) throw new Error(`${design}: wrong rows, or in a wrong order`);
      const megabytes = (bytes: number) => Number((bytes / 1e6).toFixed(1));
      const { peakBytes, heldBytes, rows } = figures;
      table.push({
        maps,
        design,
        'peak MB': megabytes(peakBytes),
        'held MB': megabytes(heldBytes),
        'held bytes a row': Number((heldBytes / rows).toFixed(1)),
      });
    }
  }
  console.table(table);
}
await fleet.stop();
