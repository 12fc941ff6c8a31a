import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EngineEvent, Events, type Warning } from '../../lib/core/events.js';
import type { JobId } from '../../lib/core/ids.js';

const ended: EngineEvent = { type: 'jobEnded', job: 1 as JobId, ok: true, seconds: 2 };
const warning = (message: string): Warning => ({ type: 'warning', message });

test('listeners get the events of their type, or all of them', () => {
  const events = new Events();
  const jobs: number[] = [];
  const all: string[] = [];
  events.on('jobEnded', event => jobs.push(event.seconds)).on('event', event => all.push(event.type));
  events.emit(ended);
  events.emit(warning('w'));
  assert.deepEqual(jobs, [2]);
  assert.deepEqual(all, ['jobEnded', 'warning']);
});

test('off removes one listener once', () => {
  const events = new Events();
  let calls = 0;
  const listener = () => {
    calls++;
  };
  events.on('jobEnded', listener).on('jobEnded', listener).off('jobEnded', listener).off('warning', listener);
  events.emit(ended);
  assert.equal(calls, 1);
});

test('a listener may remove itself while it is called', () => {
  const events = new Events();
  const calls: string[] = [];
  const once = () => {
    calls.push('once');
    events.off('jobEnded', once);
  };
  events.on('jobEnded', once).on('jobEnded', () => calls.push('always'));
  events.emit(ended);
  events.emit(ended);
  assert.deepEqual(calls, ['once', 'always', 'always']);
});

test('a listener that throws is reported once, and the others are called', () => {
  const events = new Events();
  const messages: string[] = [];
  let calls = 0;
  events
    .on('jobEnded', () => {
      throw new Error('mine');
    })
    .on('jobEnded', () => calls++)
    .on('warning', event => messages.push(event.message));
  events.emit(ended);
  events.emit(ended);
  assert.equal(calls, 2);
  assert.equal(messages.length, 1);
  assert.match(messages[0]!, /jobEnded threw Error: mine/);
});

test('a listener that throws on warnings does not go round in circles', () => {
  const events = new Events();
  const seen: string[] = [];
  events
    .on('warning', () => {
      throw new Error('again');
    })
    .on('event', event => seen.push(event.type));
  events.emit(warning('w'));
  assert.deepEqual(seen, ['warning', 'warning']);
});

test('a listener whose promise rejects is reported, not left unhandled', async () => {
  const events = new Events();
  const reported = new Promise<string>(resolve => events.on('warning', event => resolve(event.message)));
  events.on('jobEnded', (async () => {
    throw new Error('later');
  }) as () => void);
  events.emit(ended);
  assert.match(await reported, /later/);
});

test('a listener may throw anything', () => {
  const events = new Events();
  let message = '';
  events.on('warning', event => {
    message = event.message;
  });
  events.on('jobEnded', () => {
    throw Object.create(null);
  });
  events.emit(ended);
  assert.match(message, /cannot be shown/);
});
