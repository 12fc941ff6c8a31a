// Averages a column of a Parquet file by the key in another one. Each row group is a row of an RDD, and the threads read their
// columns on their own. Without a path it writes a file first: fares of taxi rides, one seed one file.
//
//   heddle run examples/parquet-average.ts [PATHS...] [--rows n] [--groups n] [--seed n] [--threads n] [--check] [--json]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from 'heddle';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { parquetWriteFile } from 'hyparquet-writer';
import { checked, commandLine, report } from './command-line.js';

const flags = { rows: 500_000, groups: 8, seed: 0 };
const usage = 'parquet-average.ts [PATHS...] [--rows n] [--groups n] [--seed n]';
const { paths, rows, groups, seed, threads, json, check } = commandLine(usage, flags);

interface Ride {
  readonly zone: string;
  readonly fare: number;
}

await using sc = await Context.create({ threads, seed });
const folder = mkdtempSync(join(tmpdir(), 'heddle-parquet-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

async function written(): Promise<string> {
  const filename = join(folder, 'rides.parquet');
  const rides = await sc.trials(rows, (rng): [string, number] => [`zone ${rng.int(250)}`, 3 + 12 * rng.exponential()]).collect();
  parquetWriteFile({
    filename,
    columnData: [
      { name: 'zone', data: rides.map(([zone]) => zone), type: 'STRING' },
      { name: 'fare', data: Float64Array.from(rides, ([, fare]) => fare), type: 'DOUBLE' },
    ],
    rowGroupSize: Math.ceil(rows / groups),
  });
  return filename;
}

/** The rows that a row group begins with and ends before. */
type RowGroup = [path: string, start: number, end: number];

async function rowGroups(path: string): Promise<RowGroup[]> {
  const { row_groups } = await parquetMetadataAsync(await asyncBufferFromFile(path));
  let end = 0;
  return row_groups.map(group => [path, end, (end += Number(group.num_rows))]);
}

async function read([path, rowStart, rowEnd]: RowGroup): Promise<Ride[]> {
  const file = await asyncBufferFromFile(path);
  return (await parquetReadObjects({ file, columns: ['zone', 'fare'], rowStart, rowEnd })) as unknown as Ride[];
}

const files = paths.length > 0 ? paths : [await written()];
const parts = (await Promise.all(files.map(rowGroups))).flat();

const started = performance.now();
const averages = await sc
  .parallelize(parts, parts.length)
  .mapAsync(read, { concurrency: 1 })
  .flatMap(rides => rides.map(({ zone, fare }): [string, number] => [zone, fare]))
  .aggregateByKey(
    [0, 0] as [sum: number, count: number],
    ([sum, count], fare): [number, number] => [sum + fare, count + 1],
    ([a, m], [b, n]): [number, number] => [a + b, m + n],
  )
  .mapValues(([sum, count]) => sum / count)
  .collect();
const seconds = (performance.now() - started) / 1000;

averages.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));

const plainSeconds = await checked(
  check,
  async () => {},
  async () => {
    const sums = new Map<string, [sum: number, count: number]>();
    for (const part of parts) {
      for (const { zone, fare } of await read(part)) {
        const [sum, count] = sums.get(zone) ?? [0, 0];
        sums.set(zone, [sum + fare, count + 1]);
      }
    }
    if (sums.size !== averages.length) throw new Error(`${averages.length} zones, by a plain loop ${sums.size}`);
    for (const [zone, average] of averages) {
      const [sum, count] = sums.get(zone)!;
      if (!(Math.abs(average - sum / count) <= 1e-9 * average)) throw new Error(`${zone} has ${average}, by a plain loop ${sum / count}`);
    }
  },
);

const [zone, average] = averages[0]!;
report(json, { job: 'parquet-average', seconds, answer: average, threads: sc.threads, plainSeconds, zones: averages.length, zone }, () => [
  `${zone} has the largest average fare: ${average.toFixed(3)}, of ${averages.length} zones in ${parts.length} row groups`,
]);
