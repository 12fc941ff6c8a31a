import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { watchPeak } from '../../benchmarks/peak.js';
import type { Outcome } from '../../benchmarks/report.js';
import { saveOutcome } from '../../benchmarks/results.js';

test('an outcome is kept whole, under its minute', () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-results-'));
  try {
    const outcome: Outcome = {
      machine: { cpu: 'a', cores: 2, memoryGiB: 3, system: 'Linux 6', node: 'v20.0.0', date: '2026-01-02' },
      threads: 2,
      repeats: 5,
      text: 'generated',
      versions: { heddle: '0.1.0' },
      rows: [{ job: 'pi', who: 'heddle', cold: 2, warm: [1, 3], whole: [4], peak: [5], context: null, failed: null }],
      leftOut: [],
      overheads: null,
      verdicts: [{ target: 'x', measured: '1.00x', verdict: 'pass' }],
    };
    const path = saveOutcome(outcome, join(folder, 'results'), new Date('2026-01-02T03:04:05Z'));
    assert.equal(path, join(folder, 'results', '2026-01-02T0304.json'));
    assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), outcome);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the peak of a process is what it had at most, also after it let go', {
  skip: process.platform === 'linux' ? false : 'only Linux tells',
}, async () => {
  const program = 'let b = Buffer.alloc(200e6, 1); console.log(b.length); b = null; process.stdin.once("data", () => process.exit());';
  const child = spawn(process.execPath, ['-e', program]);
  const peak = watchPeak(child);
  await once(child.stdout, 'data');
  while ((peak() ?? 0) < 200e6) await new Promise(resolve => setImmediate(resolve)); // until it has looked
  child.stdin.write('\n');
  await once(child, 'exit');
  assert.ok(peak()! > 200e6 && peak()! < 1e9, `${peak()}`);
});
