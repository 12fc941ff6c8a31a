// Jobs that are called off together by the name of their group.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { open } from './open.js';

const sc = await open({ threads: 2 });
const endless = () => sc.range(0, 2 ** 45, 1, 2).map(i => i + 1);

/** Resolves when so many jobs have begun. */
function begun(jobs: number): Promise<void> {
  return new Promise(resolve => {
    let left = jobs;
    const listener = () => {
      if (--left > 0) return;
      sc.off('jobStarted', listener);
      resolve();
    };
    sc.on('jobStarted', listener);
  });
}

describe('a job group', () => {
  test('is what a function starts, also after an await, and nothing else', async () => {
    const three = begun(3);
    const outside = new AbortController();
    const jobs = sc.setJobGroup('mine', () => {
      const later = async () => {
        await setImmediate();
        return endless().sum();
      };
      return Promise.allSettled([endless().count(), later()]);
    });
    const other = endless().sum({ signal: outside.signal });
    other.catch(() => {});
    await three;
    assert.equal(sc.cancelJobGroup('mine'), 2);
    for (const outcome of await jobs) {
      assert(outcome.status === 'rejected');
      assert.deepStrictEqual([outcome.reason.code, outcome.reason.data.group], ['HEDDLE_CANCELLED', 'mine']);
      assert.match(outcome.reason.message, /its group "mine" was cancelled/);
    }
    outside.abort();
    await assert.rejects(other, { code: 'HEDDLE_CANCELLED', message: /signal/ });
  });

  test('may be used again, and is empty when its jobs are over', async () => {
    const sum = await sc.setJobGroup('mine', () => sc.range(10).sum());
    assert.equal(sum, 45);
    assert.equal(sc.cancelJobGroup('mine'), 0);
    assert.equal(sc.cancelJobGroup('never heard of'), 0);
    assert.equal(await sc.setJobGroup('mine', async () => (await sc.range(4).count()) + (await sc.range(4).count())), 8);
    assert.equal(
      sc.setJobGroup('mine', () => 7),
      7,
    );
  });

  test('ends within another one where that begins', async () => {
    const two = begun(2);
    const [outer, inner] = sc.setJobGroup('outer', () => [endless().count(), sc.setJobGroup('inner', () => endless().count())]);
    outer!.catch(() => {});
    await two;
    assert.equal(sc.cancelJobGroup('inner'), 1);
    await assert.rejects(inner!, { code: 'HEDDLE_CANCELLED' });
    assert.equal(sc.cancelJobGroup('outer'), 1);
    await assert.rejects(outer!, { code: 'HEDDLE_CANCELLED' });
  });

  test('leaves a job its own signal and deadline', async () => {
    const stop = new AbortController();
    const job = sc.setJobGroup('mine', () => endless().count({ signal: stop.signal }));
    stop.abort(new Error('own'));
    await assert.rejects(job, { code: 'HEDDLE_CANCELLED', message: /own/ });
    await assert.rejects(
      sc.setJobGroup('mine', () => endless().count({ signal: stop.signal })),
      { code: 'HEDDLE_CANCELLED' },
    );
    await assert.rejects(
      sc.setJobGroup('mine', () => endless().count({ deadline: 1 })),
      { code: 'HEDDLE_DEADLINE' },
    );
    assert.equal(sc.cancelJobGroup('mine'), 0);
  });

  test('has a name, and a function', () => {
    for (const name of ['', 3, undefined]) {
      assert.throws(() => sc.setJobGroup(name as never, () => 1), { code: 'HEDDLE_BAD_ARGUMENT', message: /setJobGroup\(group\)/ });
      assert.throws(() => sc.cancelJobGroup(name as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /cancelJobGroup\(group\)/ });
    }
    assert.throws(() => sc.setJobGroup('mine', undefined as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /setJobGroup\(body\)/ });
  });
});

describe('runJob', () => {
  test('runs chosen partitions until its signal or its deadline', async () => {
    const rdd = endless();
    const whole = (rows: Iterable<number>) => {
      let n = 0;
      for (const _ of rows) n++;
      return n;
    };
    const stop = new AbortController();
    const one = begun(1);
    const job = sc.runJob(rdd, whole, { partitions: [1], signal: stop.signal });
    await one;
    stop.abort();
    await assert.rejects(job, { code: 'HEDDLE_CANCELLED' });
    await assert.rejects(sc.runJob(rdd, whole, { partitions: [0], deadline: 5 }), { code: 'HEDDLE_DEADLINE' });
    await assert.rejects(sc.runJob(rdd, whole, { partitions: [0], signal: 3 as never }), { code: 'HEDDLE_BAD_ARGUMENT' });
    await assert.rejects(sc.runJob(rdd, whole, { partitions: 0 as never }), { code: 'HEDDLE_BAD_ARGUMENT', message: /partitions/ });
  });
});
