// Runs the compiled test files under node:test, one process a file. Arguments: parts of file names to limit the run.
import { spawnSync } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted = process.argv.slice(2);
const files = globSync('**/*.test.js', { cwd: here, absolute: true })
  .sort()
  .filter(file => wanted.length === 0 || wanted.some(part => file.slice(here.length).includes(part)));
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ') || '**/*.test.js'}`);
  process.exit(1);
}
const flags = ['--enable-source-maps', '--test', '--test-concurrency=2'];
const { status } = spawnSync(process.execPath, [...flags, ...files.map(file => relative(process.cwd(), file))], { stdio: 'inherit' });
process.exit(status ?? 1);
