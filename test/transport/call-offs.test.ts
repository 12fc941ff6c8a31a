// Which runs a signal calls off.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallOffs } from '../../lib/transport/call-offs.js';

test('a signal calls off the runs that came with it and have not settled', () => {
  const called: string[] = [];
  const callOffs = new CallOffs<string>(run => called.push(run));
  const [one, other] = [new AbortController(), new AbortController()];
  const runs = callOffs.add(one.signal, 'a')!;
  for (const run of ['b', 'c', 'd']) assert.equal(callOffs.add(one.signal, run), runs);
  callOffs.add(other.signal, 'e');
  runs.delete('a');
  runs.delete('c');
  runs.delete('c');
  one.abort();
  assert.deepEqual(called.sort(), ['b', 'd']);
  other.abort();
  assert.deepEqual(called, ['b', 'd', 'e']);
});

test('what settles while others are called off is not called off', () => {
  const called: string[] = [];
  const { signal, abort } = withAbort();
  const callOffs = new CallOffs<string>(run => {
    called.push(run);
    for (const sibling of ['a', 'b', 'c']) runs!.delete(sibling);
  });
  const runs = callOffs.add(signal, 'a');
  callOffs.add(signal, 'b');
  callOffs.add(signal, 'c');
  abort();
  assert.deepEqual(called, ['a']);
});

test('a run that comes with a raised signal is not taken, whether the signal is known or not', () => {
  const callOffs = new CallOffs<string>(() => assert.fail('nothing is to be called off'));
  assert.equal(callOffs.add(AbortSignal.abort(), 'a'), undefined);
  const { signal, abort } = withAbort();
  callOffs.add(signal, 'b')!.delete('b');
  abort();
  assert.equal(callOffs.add(signal, 'c'), undefined);
});

function withAbort(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
