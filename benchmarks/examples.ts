// npm run bench -- --examples: every example as a user starts it, beside a plain loop over the same data on one thread.
// An example compares the two answers itself, and fails where they differ.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { PACKAGE_ROOT } from './anchors/cache.js';
import { HEDDLE_COMMAND } from './contenders/heddle.js';
import { median } from './measure.js';
import { renderTable } from './report.js';

const EXAMPLES: readonly (readonly [name: string, ...args: string[]])[] = [
  ['pi', '--samples', '100_000_000'],
  ['pagerank'],
  ['k-means', '--points', '2_000_000'],
  ['e-digits'],
  ['e-digits', '--digits', '50_000'],
  ['attention'],
  ['group-by', '--rows', '5_000_000'],
  ['join', '--orders', '5_000_000'],
  ['subtract', '--accounts', '2_000_000', '--visits', '4_000_000'],
  ['parquet-average', '--rows', '2_000_000'],
];
/** Over the text of the word count. */
const OF_TEXT = ['wordcount', 'read-file'];

interface Figures {
  readonly seconds: number;
  readonly plainSeconds: number;
}

function run(name: string, args: readonly string[], threads: number): Figures | string {
  const file = join(PACKAGE_ROOT, 'examples', `${name}.ts`);
  const flags = ['--threads', String(threads), '--check', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [HEDDLE_COMMAND, 'run', file, ...args, ...flags], { encoding: 'utf8' });
  return status === 0 ? (JSON.parse(stdout) as Figures) : stderr.trim().split('\n').slice(-3).join(' / ');
}

/** Prints a table, and says whether every example ran. */
export function measureExamples(
  text: string,
  threads: number,
  repeats: number,
  style: 'text' | 'markdown',
  log: (line: string) => void,
): boolean {
  const lines: string[][] = [];
  let ok = true;
  for (const [name, ...args] of [...EXAMPLES, ...OF_TEXT.map(name => [name, text] as const)]) {
    const shown = [name, ...args.filter(arg => arg !== text)].join(' ');
    const figures: Figures[] = [];
    for (let i = 0; i < repeats; i++) {
      const figure = run(name, args, threads);
      log(`${shown}: ${JSON.stringify(figure)}`);
      if (typeof figure === 'string') ok = false;
      else figures.push(figure);
    }
    const [seconds, plain] = [median(figures.map(f => f.seconds)), median(figures.map(f => f.plainSeconds))];
    if (seconds === null || plain === null) lines.push([shown, 'failed', '', '']);
    else lines.push([shown, seconds.toFixed(2), plain.toFixed(2), `${(plain / seconds).toFixed(2)}x`]);
  }
  process.stdout.write(`${renderTable(['example', 'seconds', 'plain loop, seconds', 'loop / heddle'], lines, style)}\n`);
  return ok;
}
