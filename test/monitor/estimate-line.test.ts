// What a summary knows so far stands on the progress line while its trials run.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Context } from '../../lib/index.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-estimate-line-'));
after(() => rmSync(folder, { recursive: true }));

test('the estimate is on the line before the last trial has ended', async () => {
  const go = join(folder, 'go');
  const trials = 20_000;
  const { stderr } = process;
  const [write, isTTY] = [stderr.write, stderr.isTTY];
  const painted: string[] = [];
  const sc = await Context.create({ threads: 2, memory: '64mb', progress: true, name: 'estimate' });
  try {
    // The last trial waits for the line, and the line for the other trials.
    Object.assign(stderr, { isTTY: true });
    stderr.write = ((text: string) => {
      painted.push(text);
      if (/estimate {2}stage 1\/1 .* \d+\/\d+ tasks {2}0\.\d+ ± 0\.\d+/.test(text)) writeFileSync(go, '');
      return true;
    }) as typeof stderr.write;
    const { mean, count } = await sc
      .trials(trials, (rng, i) => {
        while (i === trials - 1 && !existsSync(go));
        return rng.uniform();
      })
      .summary({ deadline: 60_000 });
    assert.equal(count, trials);
    assert.ok(Math.abs(mean - 0.5) < 0.02, `${mean}`);
  } finally {
    Object.assign(stderr, { isTTY });
    stderr.write = write;
    await sc.stop();
  }
  assert.ok(existsSync(go), painted.join('\n'));
  assert.equal(painted.at(-1), '\r\x1b[2K');
});
