// Whether small runs of a shuffle should be merged while maps still run: Heddle's open blocks beside pushes, blocks of whole maps, and a
// block for each pair of a map and a reduce id. node dist/benchmarks/alternatives/push-merge.js [MAPSxREDUCERS...] [--repeats N]
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from '../measure.js';
import { DESIGNS, type DesignName } from './merging/designs.js';
import { type Figures, Fleet } from './merging/fleet.js';
import { expectedCheck, type Shape } from './merging/shape.js';

const SHAPES: Readonly<Record<string, Shape>> = {
  '8x8': { maps: 8, reducers: 8, rows: 500_000 },
  '400x400': { maps: 400, reducers: 400, rows: 10_000 },
  '1000x1000': { maps: 1000, reducers: 1000, rows: 1000 },
  '48x5000': { maps: 48, reducers: 5000, rows: 100_000 },
  '4000x5000': { maps: 4000, reducers: 5000, rows: 5000 },
};
const THREADS = 2;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { repeats: { type: 'string', default: '5' } } });
const repeats = Number(values.repeats);
const names = Object.keys(DESIGNS) as DesignName[];

/** All designs in turn, once more than is counted. */
async function measure(fleet: Fleet, shape: Shape): Promise<Map<DesignName, Figures[] | string>> {
  const check = expectedCheck(shape);
  const rows = shape.maps * shape.rows;
  const found = new Map<DesignName, Figures[] | string>(names.map(name => [name, []]));
  for (let run = 0; run <= repeats; run++) {
    for (const name of names) {
      const known = found.get(name)!;
      if (typeof known === 'string') continue;
      const figures = await fleet.run(name, shape);
      if (typeof figures === 'string') found.set(name, figures);
      else if (figures.check !== check || figures.rows !== rows) {
        process.exitCode = 1;
        found.set(name, `wrong: ${figures.rows} rows, check ${figures.check}, expected ${rows} rows, check ${check}`);
      } else if (run > 0) known.push(figures);
    }
  }
  return found;
}

const fleet = await Fleet.start(THREADS);
for (const name of positionals.length > 0 ? positionals : Object.keys(SHAPES)) {
  const shape = SHAPES[name];
  if (shape === undefined) throw new Error(`no shape ${name}, expected ${Object.keys(SHAPES).join(', ')}`);
  const found = await measure(fleet, shape);
  console.log(`${shape.maps} maps of ${shape.rows} rows, ${shape.reducers} reduce ids, ${THREADS} threads, medians of ${repeats}`);
  const of = (figures: Figures[], part: (figures: Figures) => number) => median(figures.map(part))!;
  const whole = (figures: Figures[]) => of(figures, ({ mapSeconds, reduceSeconds }) => mapSeconds + reduceSeconds);
  const first = found.get(names[0]!)!;
  console.table(
    Object.fromEntries(
      [...found].map(([design, figures]) => {
        if (typeof figures === 'string') return [design, { failed: figures.slice(0, 80) }];
        const seconds = (part: (figures: Figures) => number) => Number(of(figures, part).toFixed(3));
        const megabytes = (part: (figures: Figures) => number) => Number((of(figures, part) / 1e6).toFixed(1));
        return [
          design,
          {
            'map s': seconds(({ mapSeconds }) => mapSeconds),
            'reduce s': seconds(({ reduceSeconds }) => reduceSeconds),
            'whole s': Number(whole(figures).toFixed(3)),
            'whole / Heddle': typeof first === 'string' ? null : Number((whole(figures) / whole(first)).toFixed(2)),
            'peak MB': megabytes(({ peakBytes }) => peakBytes),
            'held MB': megabytes(({ heldBytes }) => heldBytes),
          },
        ];
      }),
    ),
  );
}
await fleet.stop();
if (availableParallelism() < THREADS) console.log('Fewer cores than threads: the figures are those of taking turns.');
