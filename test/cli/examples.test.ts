import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Folder } from './command.js';

const folder = new Folder();
after(() => folder.remove());

// Examples are not compiled: they run as they are.
const commandLine = new URL('../../../examples/command-line.ts', import.meta.url);
const script = folder.put(
  'flags.ts',
  `import { checked, commandLine, report } from ${JSON.stringify(commandLine.href)};
const { samples, seed, threads, json, paths, check } = commandLine('flags.ts [PATHS...] [--samples n]', { samples: 10, seed: 0 });
const plainSeconds = await checked(check, async () => samples, n => { if (n === 13) throw new Error('the plain loop has 14'); });
report(json, { job: 'flags', seconds: 1, answer: samples, threads: threads ?? 0, plainSeconds, seed, paths }, () => [\`samples \${samples}\`, 'done']);
`,
);

describe("the examples' command line", () => {
  test('reads numbers, paths and --json', async () => {
    assert.equal((await folder.run('run', script)).out, 'samples 10\ndone\n1.00 s, 0 threads\n');
    const { out } = await folder.run('run', script, '--samples', '5_000', 'a.txt', '--seed=0', '--threads', '3', '--json', 'b.txt');
    assert.deepEqual(JSON.parse(out), { job: 'flags', seconds: 1, answer: 5000, threads: 3, seed: 0, paths: ['a.txt', 'b.txt'] });
    assert.equal(out.indexOf('\n'), out.length - 1);
  });

  test('--check runs the plain loop', async () => {
    assert.match(
      (await folder.run('run', script, '--check')).out,
      /^samples 10\ndone\n1.00 s, 0 threads; a plain loop has the same, in \d+\.\d\d s\n$/,
    );
    assert.equal(typeof JSON.parse((await folder.run('run', script, '--check', '--json')).out).plainSeconds, 'number');
    const { code, out, err } = await folder.run('run', script, '--check', '--samples', '13');
    assert.deepEqual({ code, out }, { code: 1, out: '' });
    assert.match(err, /the plain loop has 14/);
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
      assert.match(
        err,
        /\nusage: heddle run examples\/flags\.ts \[PATHS\.\.\.\] \[--samples n\] \[--threads n\] \[--check\] \[--json\]\n$/,
      );
    }
  });
});
