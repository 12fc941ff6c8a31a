// Whether a map task goes on combining is decided at the same rows, however these come to it: so not even the last bits of a
// sum tell whether rows were columns, strings, or stored before.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { RDD } from '../../lib/index.js';
import { COMBINE_PROBE } from '../../lib/shuffle/combine-policy.js';
import { open } from './open.js';

const folder = mkdtempSync(join(tmpdir(), 'heddle-many-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** For each of two map tasks: every other row has a new key until there are COMBINE_PROBE; then, `more` times, three in five. */
function linesWith(more: number): string[] {
  const lines: string[] = [];
  const line = (key: number) => lines.push(`key-${key} ${1 / (1 + (Math.imul(lines.length, 0x9e3779b1) >>> 8))}`);
  for (let map = 0; map < 2; map++) {
    for (let key = 0; key < COMBINE_PROBE; key++) {
      line(key);
      line(Math.imul(key, 7919) % (key + 1));
    }
    for (let i = 0; i < more; i++) {
      for (let k = 0; k < 3; k++) line(COMBINE_PROBE + i * 3 + k);
      for (let k = 0; k < 2; k++) line(i);
    }
  }
  return lines;
}

async function sums(pairs: RDD<readonly [string, number]>): Promise<string[]> {
  const rows = await pairs.reduceByKey((a, b) => a + b, 2).collect();
  return rows.map(([key, sum]) => `${key} ${sum}`).sort();
}

describe('sums of many keys of text', () => {
  for (const more of [0, 1, 4000]) {
    test(`${more} times three new keys in five rows where it is judged: the same bits from columns, strings, and stored rows`, async () => {
      const path = join(folder, `${more}.txt`);
      const lines = linesWith(more);
      writeFileSync(path, lines.map(line => `${line}\n`).join(''));
      await using sc = await open();
      const text = sc.textFile(path, { partitions: 2 });
      const columns = text.map(line => [line.split(' ')[0]!, Number(line.split(' ')[1])] as const);
      const strings = text.map(line => {
        const parts = [...line.split(' ')];
        return [parts[0]!, Number(parts[1])] as const;
      });
      assert.match(columns.reduceByKey((a, b) => a + b, 2).explain(), /stage 1: 2 tasks, columnar/);
      const expected = await sums(columns);
      assert.deepEqual(await sums(strings), expected);
      const stored = columns.map(([key, value]) => [key, value] as const).persist();
      assert.equal(await stored.count(), lines.length);
      assert.deepEqual(await sums(stored), expected);
    });
  }
});
