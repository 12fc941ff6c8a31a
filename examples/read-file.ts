// Reads text files and tells how many lines and characters they have, and the length of the longest line; without paths, of
// the documentation and type definitions below node_modules.
//
//   heddle run examples/read-file.ts [PATHS...] [--threads n] [--check] [--json]
import { readFileSync } from 'node:fs';
import { Context } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const { paths, threads, json, check } = commandLine('read-file.ts [PATHS...]', {});
const inputs = paths.length > 0 ? paths : ['node_modules/**/*.md', 'node_modules/**/*.d.ts'];

await using sc = await Context.create({ threads });
const started = performance.now();
const { count, sum, max } = await sc
  .textFile(inputs)
  .map(line => line.length)
  .stats();
const seconds = (performance.now() - started) / 1000;
const { bytes } = sc.lastJob!;

const plainSeconds = await checked(
  check,
  async () => (await import('tinyglobby')).globSync(inputs),
  files => {
    const plain = { count: 0, sum: 0, max: 0 };
    for (const file of files) {
      const lines = readFileSync(file, 'utf8')
        .replace(/^\ufeff/, '')
        .split('\n');
      // The end of the last line begins no other.
      if (lines.at(-1) === '') lines.pop();
      for (const line of lines) {
        const length = line.endsWith('\r') ? line.length - 1 : line.length;
        plain.count++;
        plain.sum += length;
        plain.max = Math.max(plain.max, length);
      }
    }
    if (plain.count !== count || plain.sum !== sum || plain.max !== max)
      throw new Error(`${count} lines, ${sum} characters, at most ${max}; by a plain loop ${JSON.stringify(plain)}`);
  },
);

report(json, { job: 'read-file', seconds, answer: count, threads: sc.threads, plainSeconds, characters: sum, longest: max }, () => [
  `${count} lines of ${sum} characters, the longest of ${max}`,
  `${bytes} bytes, ${(bytes / seconds / 1e6).toFixed(0)} MB/s`,
]);
