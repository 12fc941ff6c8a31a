// Executors with addresses of their own, and a link that goes down in the middle of a job: no connection is closed, nothing is
// refused, there is only silence.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Context } from '../../lib/index.js';
import { type Running, startNode } from '../node-process.js';
import { Machines } from './namespaces.js';
import { IS_ROOT, skipFor, whyMissing } from './tools.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
const SECRET = 'a secret for the tests of networks';

async function whyNoNamespaces(): Promise<string | null> {
  if (process.platform !== 'linux') return 'no Linux';
  if (!IS_ROOT) return 'network namespaces need root';
  const missing = await whyMissing({ ip: 'iproute2' });
  if (missing !== null) return missing;
  try {
    new Machines(1).remove();
    return null;
  } catch (error) {
    return `the kernel allows no network namespaces: ${(error as Error).message}`;
  }
}

const missing = await whyNoNamespaces();

describe('executors on two machines', { skip: skipFor(missing) }, () => {
  let folder: string;
  let machines: Machines;
  let executors: Running[] = [];
  before(() => {
    assert.equal(missing, null);
    folder = mkdtempSync(join(tmpdir(), 'heddle-network-'));
    machines = new Machines(2);
  });
  after(async () => {
    for (const { child } of executors) child.kill('SIGKILL');
    await Promise.all(executors.map(({ ended }) => ended));
    machines?.remove();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  const sums = (sc: Context) =>
    sc
      .range(0, 40_000, 1, 8)
      .map(i => [i % 101, Math.sin(i)] as const)
      .reduceByKey((a, b) => a + b, 4)
      .collect();
  const groups = (sc: Context) =>
    sc
      .range(0, 4000, 1, 8)
      .map(i => [`key ${i % 37}`, i] as const)
      .groupByKey(4)
      .collect();

  test('give what threads give, also when the link of one goes down in the middle', async () => {
    await using sc = await Context.create({ listen: `${machines.own}:0`, secret: SECRET, partitions: 4, progress: false });
    executors = [0, 1].map(machine =>
      startNode(
        folder,
        [MAIN, 'executor', '--connect', sc.address!, '--threads', '1', '--memory', '128mb'],
        { HEDDLE_SECRET: SECRET },
        machines.through(machine),
      ),
    );
    await Promise.all(executors.map(({ said }) => said('works for the driver')));
    const places = new Set<string>();
    sc.on('taskStarted', ({ executor }) => places.add(executor.split(':')[0]!));
    await using alone = await Context.create({ threads: 2, partitions: 4, memory: '128mb', progress: false });
    assert.deepEqual(await groups(sc), await groups(alone));
    assert.deepEqual([...places].sort(), [machines.address(0), machines.address(1)]);

    // It has map output that is needed, and the next map task: both are to be made again elsewhere.
    const running = new Map<string, string>();
    sc.on('taskStarted', ({ stage, partition, attempt, executor }) => running.set(`${stage} ${partition} ${attempt}`, executor));
    let isDown = false;
    sc.on('taskEnded', ({ stage, partition, attempt }) => {
      if (isDown || !running.get(`${stage} ${partition} ${attempt}`)?.startsWith(machines.address(0))) return;
      isDown = true;
      machines.unplug(0);
    });
    const lost: string[] = [];
    sc.on('executorLost', ({ executor }) => lost.push(executor));
    assert.deepEqual(await sums(sc), await sums(alone));
    assert.equal(isDown, true);
    assert.deepEqual(
      lost.map(executor => executor.split(':')[0]),
      [machines.address(0)],
    );
  });
});
