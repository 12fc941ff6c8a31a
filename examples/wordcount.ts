// Counts the words of text files; without paths, of the documentation and type definitions below node_modules.
//
//   heddle run examples/wordcount.ts [PATHS...] [--top n] [--threads n] [--check] [--json]
import { readFileSync } from 'node:fs';
import { Context } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const { paths, top, threads, json, check } = commandLine('wordcount.ts [PATHS...] [--top n]', { top: 10 });
const inputs = paths.length > 0 ? paths : ['node_modules/**/*.md', 'node_modules/**/*.d.ts'];

await using sc = await Context.create({ threads });
const started = performance.now();
const counts = await sc
  .textFile(inputs)
  .flatMap(line => line.split(' '))
  .map(word => [word, 1])
  .reduceByKey((a, b) => a + b)
  .collect();
const seconds = (performance.now() - started) / 1000;

// Between two spaces, split(' ') finds an empty word: it is not counted.
const words = counts.filter(([word]) => word !== '');
const total = words.reduce((sum, [, count]) => sum + count, 0);

const plainSeconds = await checked(
  check,
  async () => (await import('tinyglobby')).globSync(inputs),
  files => {
    const plain = new Map<string, number>();
    for (const file of files)
      for (const line of readFileSync(file, 'utf8')
        .replace(/^\ufeff/, '')
        .split(/\r?\n/))
        for (const word of line.split(' ')) plain.set(word, (plain.get(word) ?? 0) + 1);
    plain.delete('');
    const differs = words.find(([word, count]) => plain.get(word) !== count);
    if (differs !== undefined || plain.size !== words.length)
      throw new Error(`${words.length} words, by a plain loop ${plain.size}; ${differs} is another number there`);
  },
);

report(json, { job: 'wordcount', seconds, answer: words.length, threads: sc.threads, plainSeconds, words: total }, () => {
  const { rows, bytes, tasks } = sc.lastJob!;
  const width = String(total).length;
  words.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return [
    ...words.slice(0, top).map(([word, count]) => `${String(count).padStart(width)}  ${word}`),
    `${words.length} distinct words of ${total}, in ${rows} rows and ${bytes} bytes`,
    `${(bytes / seconds / 1e6).toFixed(0)} MB/s in ${tasks} tasks`,
  ];
});
