import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Folder } from './command.js';

const folder = new Folder();
after(() => folder.remove());

// Examples are not compiled: they run as they are.
const commandLine = new URL('../../../examples/command-line.ts', import.meta.url);
const script = folder.put(
  'flags.ts',
  `import { commandLine, report } from ${JSON.stringify(commandLine.href)};
const { samples, seed, threads, json, paths } = commandLine('flags.ts [PATHS...] [--samples n]', { samples: 10, seed: 0 });
report(json, { job: 'flags', seconds: 1, answer: samples, threads: threads ?? 0, seed, paths }, () => [\`samples \${samples}\`, 'done']);
`,
);

describe("the examples' command line", () => {
  test('reads numbers, paths and --json', async () => {
    assert.equal((await folder.run('run', script)).out, 'samples 10\ndone\n');
    const { out } = await folder.run('run', script, '--samples', '5_000', 'a.txt', '--seed=0', '--threads', '3', '--json', 'b.txt');
    assert.deepEqual(JSON.parse(out), { job: 'flags', seconds: 1, answer: 5000, threads: 3, seed: 0, paths: ['a.txt', 'b.txt'] });
    assert.equal(out.indexOf('\n'), out.length - 1);
  });

  test('a bad flag is explained and exits with 2', async () => {
    const cases: [given: string[], expected: RegExp][] = [
      [['--sample', '4'], /--sample/],
      [['--samples'], /--samples/],
      [['--samples', 'many'], /--samples: expected a whole number from 1, got 'many'/],
      [['--samples', '0'], /--samples: expected a whole number from 1/],
      [['--seed', '-1'], /--seed/],
      [['--threads', '1.5'], /--threads: expected a whole number/],
      [['--json=yes'], /--json/],
    ];
    for (const [given, expected] of cases) {
      const { code, out, err } = await folder.run('run', script, ...given);
      assert.deepEqual({ code, out }, { code: 2, out: '' }, given.join(' '));
      assert.match(err, expected);
      assert.match(err, /\nusage: heddle run examples\/flags\.ts \[PATHS\.\.\.\] \[--samples n\] \[--threads n\] \[--json\]\n$/);
    }
  });
});
