// The programs in the ring's README do what their comments say.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const text = readFileSync(new URL('../../../../lib/shuffle/ring/README.md', import.meta.url), 'utf8');
const programs = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);

test('there are programs in the README', () => assert.equal(programs.length, 2));

for (const [index, code] of programs.entries()) {
  test(`program ${index + 1} of the README`, () => {
    const expected = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, line]) => line);
    assert.notEqual(expected.length, 0);
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { cwd: root, encoding: 'utf8' });
    assert.equal(stdout, `${expected.join('\n')}\n`, stderr);
  });
}
