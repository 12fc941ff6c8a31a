// What becomes of executor processes that their driver starts, and of those that it does not get started.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { HEARTBEAT_MS } from '../../../lib/transport/tcp/limits.js';
import { collectTask, rowsOf, sessionOver } from '../../conformance/transport.js';
import { FakeClock } from '../../fake-clock.js';
import { openProcesses } from './processes.js';

const never = new AbortController().signal;
const posix = { skip: process.platform === 'win32' && 'Windows has no SIGSTOP' };

/** The process of an executor, as its name tells it. */
const pidOf = (executor: string): number => Number(/\(pid (\d+)\)/.exec(executor)![1]);

async function advanceUntil(clock: FakeClock, condition: () => boolean): Promise<void> {
  while (!condition()) {
    clock.advance(HEARTBEAT_MS);
    await setImmediate();
  }
}

describe('a process', () => {
  test('that is frozen is ended, and replaced', posix, async t => {
    const clock = new FakeClock();
    const driver = await openProcesses({ clock });
    const { transport } = driver;
    t.after(() => transport.close());
    const lost: string[] = [];
    transport.subscribe({ joined() {}, left() {}, executorLost: (_executor, { message }) => void lost.push(message) });
    const first = transport.slots()[0]!;
    process.kill(pidOf(first.executor), 'SIGSTOP');
    await advanceUntil(clock, () => lost.length > 0);
    assert.match(lost[0]!, /^executor process 1 \(pid \d+\) was lost: .*nothing was heard from the other end.*, it ended by SIGKILL$/);
    // It waits for the time to be told to it, as its connection does.
    while (transport.slots().length === 0) {
      clock.advance(0);
      await setImmediate();
    }
    const second = transport.slots()[0]!;
    assert.match(second.executor, /^process 2 /);
    const { range } = sessionOver(driver);
    assert.deepEqual(rowsOf(await transport.run(collectTask(range(3, 1)), second, never)), [0, 1, 2]);
  });

  test('that has a name says it with the reason of its end, and its task may be tried again', async t => {
    const driver = await openProcesses();
    t.after(() => driver.transport.close());
    const { range } = sessionOver(driver);
    const slot = driver.transport.slots()[0]!;
    const outcome = await driver.transport.run(
      collectTask(
        range(10, 1).map(i => {
          process.kill(process.pid, 'SIGKILL');
          return i;
        }),
      ),
      slot,
      never,
    );
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.retryable, outcome.reason, outcome.lostSlot], [true, 'lost', true]);
    assert.match(outcome.error.message, /executor process 1 \(pid \d+\) was lost in the middle of a task: .*it ended by SIGKILL/);
  });

  test('whose successors do not come up has some, and then its place stays empty', async t => {
    const clock = new FakeClock();
    const logged: string[] = [];
    const { transport } = await openProcesses({ clock, log: message => void logged.push(message) });
    t.after(() => transport.close());
    const { NODE_OPTIONS } = process.env;
    t.after(() => {
      if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = NODE_OPTIONS;
    });
    process.env.NODE_OPTIONS = '--there-is-no-such-flag';
    process.kill(pidOf(transport.slots()[0]!.executor), 'SIGKILL');
    await advanceUntil(clock, () => logged.some(message => message.includes('no more are started in its place')));
    assert.equal(logged.length, 8);
    assert.match(logged[0]!, /^executor process 2 \(pid \d+\) has not come up: .*--there-is-no-such-flag.*; another one is started$/);
    assert.deepEqual(transport.slots(), []);
  });

  test('that does not come up in the first place is told of at once', async t => {
    const { NODE_OPTIONS } = process.env;
    t.after(() => {
      if (NODE_OPTIONS === undefined) delete process.env.NODE_OPTIONS;
      else process.env.NODE_OPTIONS = NODE_OPTIONS;
    });
    process.env.NODE_OPTIONS = '--there-is-no-such-flag';
    await assert.rejects(openProcesses({ processes: 2 }), {
      code: 'HEDDLE_NO_EXECUTORS',
      message: /has not come up: it ended with exit code 9 \(.*--there-is-no-such-flag/,
    });
  });
});
