import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineEvent } from '../../lib/core/events.js';
import { fleetLine } from '../../lib/monitor/fleet-log.js';

const line = (event: object) => fleetLine(event as EngineEvent);

test('a move names executors, addresses, task, attempt and reason', () => {
  const moved = { type: 'taskMoved', job: 1, stage: 5, partition: 3, attempt: 2, reason: 'timeout' };
  assert.equal(
    line({ ...moved, from: 'b', fromAddress: '10.0.0.7:4711', to: 'c', toAddress: '10.0.0.8:4711' }),
    'task 3 of stage 5 (attempt 2) moves from executor b at 10.0.0.7:4711 (timeout) to executor c at 10.0.0.8:4711',
  );
  assert.equal(line({ ...moved, from: 'b', to: 'c' }), 'task 3 of stage 5 (attempt 2) moves from executor b (timeout) to executor c');
});

test('what else befalls executors', () => {
  const error = { message: 'executor h:1 was lost: no heartbeat for 10 s' };
  assert.equal(line({ type: 'executorLost', executor: 'b', partitions: 0, error }), 'executor h:1 was lost: no heartbeat for 10 s');
  assert.match(
    line({ type: 'executorLost', executor: 'b', partitions: 1, error })!,
    /; 1 map partition of its shuffles will be made again/,
  );
  assert.match(line({ type: 'executorLost', executor: 'b', partitions: 7, error })!, /; 7 map partitions of/);
  assert.equal(
    line({ type: 'executorQuarantined', executor: 'b', address: 'h:1', failures: 3 }),
    'executor b at h:1 gets no tasks for a while: 3 failed there in a row',
  );
  assert.equal(line({ type: 'jobWaiting', job: 4 }), 'job 4 waits: there is no executor');
  assert.equal(line({ type: 'jobResumed', job: 4, seconds: 2.25 }), 'job 4 goes on after 2.3 s without an executor');
});

test('other events are none of its business', () => {
  assert.equal(line({ type: 'jobEnded', job: 1, ok: true, seconds: 1 }), undefined);
});
