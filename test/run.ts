// Runs the compiled test files under node:test, the longest first, and tells in the end which took longest. Each has a process of its
// own; in a run of all, those that leave their process as it was share one with others.
// Arguments: parts of file names to limit the run.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';
import { isSharing } from './sharing.js';

/** Begun first, so that none of them is alone at the end; this is about time only, and may be out of date. */
const LONGEST = [
  'conformance/spark',
  'rdd/spill',
  'docs/snippets',
  'e2e/scripts',
  'conformance/model',
  'rdd/columnar-sinks',
  'rdd/persist',
  'failure/isolation',
  'e2e/stored-on-executors',
  'chaos/chaos',
  'failure/lifecycle',
  'e2e/determinism',
  'cli/run-plain',
  'real/launch',
  'real/network',
  'e2e/executors',
  'failure/dead-shuffles',
].map(name => `${name}.test.js`);

const FILES_A_PROCESS = 8;

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const nameOf = (file: string) => file.slice(here.length).replaceAll('\\', '/');
/** Behind the longest: as they come. */
function rankOf(file: string): number {
  const at = LONGEST.indexOf(nameOf(file));
  return at < 0 ? LONGEST.length : at;
}
const files = globSync('**/*.test.js', { cwd: here, absolute: true })
  .filter(file => wanted.length === 0 || wanted.some(part => file.slice(here.length).includes(part)))
  .sort()
  .sort((a, b) => rankOf(a) - rankOf(b));
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ') || '**/*.test.js'}`);
  process.exit(1);
}

/** Files that import others. What fails is told with the place of its test, in whatever process. */
function shareProcesses(sharing: readonly string[]): string[] {
  const folder = `${here}together`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const count = Math.ceil(sharing.length / FILES_A_PROCESS);
  return Array.from({ length: count }, (_, at) => {
    // Dealt out: neighbours by name are alike in what they take.
    const imports = sharing.filter((_, i) => i % count === at).map(file => `import ${JSON.stringify(`../${nameOf(file)}`)};\n`);
    const path = `${folder}/${at}.js`;
    writeFileSync(path, imports.join(''));
    return path;
  });
}
const shares = (file: string) => wanted.length === 0 && isSharing(nameOf(file));
const alone = files.filter(file => !shares(file));
const longest = alone.filter(file => rankOf(file) < LONGEST.length);
const processes = [...longest, ...shareProcesses(files.filter(shares)), ...alone.slice(longest.length)];

// Its processes get what this one got.
process.execArgv.push('--enable-source-maps');
// One more than there are processors: some wait for other processes.
const results = run({ files: processes, concurrency: availableParallelism() + 1 });
const times = new Map<string, number>();
results.on('data', ({ type, data }) => {
  if (type === 'test:fail' && data.todo === undefined) process.exitCode = 1;
  if (type === 'test:complete' && data.name === data.file) times.set(nameOf(data.name), data.details.duration_ms);
});
process.once('exit', () => {
  const longest = [...times].sort(([, a], [, b]) => b - a).slice(0, 10);
  const lines = longest.map(([name, ms]) => `# ${(ms / 1000).toFixed(1).padStart(6)} s ${name}`);
  if (times.size > 10) process.stderr.write(`# took longest:\n${lines.join('\n')}\n`);
});
results.compose<NodeJS.ReadableStream>(process.stdout.isTTY ? new spec() : tap).pipe(process.stdout);
