import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { callSite, rawFrames } from '../../lib/core/callsite.js';
import { originalPosition, toPath } from '../../lib/core/sourcemap.js';

test('the call site is the first frame outside the library, mapped when asked', () => {
  const mine = () => [];
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.prepareStackTrace = mine;
  Error.stackTraceLimit = 1;
  try {
    const site = callSite()!;
    assert.match(site.file, /callsite\.test\.js$/);
    const { file, line } = site.resolve();
    assert.match(file, /test\/core\/callsite\.test\.ts$/);
    assert.equal(line, 16);
    assert.equal(Error.prepareStackTrace, mine);
    assert.equal(Error.stackTraceLimit, 1);
  } finally {
    Error.prepareStackTrace = prepareStackTrace!;
    Error.stackTraceLimit = stackTraceLimit;
  }
});

test('raw frames are those above the function given', () => {
  const inner = () => rawFrames(2, inner);
  const frames = (function outer() {
    return inner();
  })();
  assert.equal(frames.length, 2);
  assert.equal(frames[0]!.getFunctionName(), 'outer');
});

describe('source maps', () => {
  // One mapping: line 1 column 0 of the output to line 3 column 4 of source 0.
  const map = { version: 3, sources: ['../src/a.ts'], names: [], mappings: 'AAEI' };
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heddle-maps-'));
  });
  after(() => rm(dir, { recursive: true, force: true }));

  test('beside the file, inside the file, given', async () => {
    const expected = { file: join(dir, '../src/a.ts'), line: 3, column: 5 };
    const data = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
    await writeFile(join(dir, 'out.js.map'), JSON.stringify(map));
    await writeFile(join(dir, 'beside.js'), 'f();\n//# sourceMappingURL=out.js.map\n');
    await writeFile(join(dir, 'inside.js'), `f();\n//# sourceMappingURL=${data}\n`);
    await writeFile(join(dir, 'given.js'), 'f();\n');
    assert.deepEqual(originalPosition(join(dir, 'beside.js'), 1, 1), expected);
    assert.deepEqual(originalPosition(pathToFileURL(join(dir, 'inside.js')).href, 1, 1), expected);
    assert.deepEqual(originalPosition(join(dir, 'given.js'), 1, 1, data), expected);
  });

  test('missing or broken: the position stays as it is', async () => {
    await writeFile(join(dir, 'lost.js'), 'f();\n//# sourceMappingURL=lost.js.map\n');
    await writeFile(join(dir, 'broken.js'), 'f();\n//# sourceMappingURL=data:application/json,{\n');
    for (const name of ['lost.js', 'broken.js', 'absent.js']) {
      assert.deepEqual(originalPosition(join(dir, name), 7, 2), { file: join(dir, name), line: 7, column: 2 });
    }
    assert.deepEqual(originalPosition('evaluated', 1, 1), { file: 'evaluated', line: 1, column: 1 });
    assert.equal(toPath('file:///%zz'), 'file:///%zz');
  });
});
