// Which tasks go to a thread together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Batches } from '../../lib/transport/local/batches.js';

interface Run {
  readonly name: string;
  readonly spec: { readonly stage: number; readonly attempt: number };
  readonly isQuick: boolean;
}

const run = (name: string, stage: number, isQuick: boolean, attempt = 0): Run => ({ name, spec: { stage, attempt }, isQuick });
const slow = (name: string, stage = 1) => run(name, stage, false);
const quick = (name: string, stage = 1, attempt = 0) => run(name, stage, true, attempt);

function waiting(...runs: Run[]): Batches<Run> {
  const batches = new Batches<Run>();
  for (const one of runs) batches.add(one);
  return batches;
}

const names = (runs: readonly Run[] | undefined) => runs?.map(({ name }) => name).join(' ');

test('tasks of slots go one by one, in their order', () => {
  const batches = waiting(slow('a'), slow('b'));
  assert.deepEqual([names(batches.next(2)), names(batches.next(1)), batches.next(1)], ['a', 'b', undefined]);
});

test('quick tasks of its stage go with the task of a slot, shared among the idle threads', () => {
  const batches = waiting(quick('q1'), quick('q2'), slow('a'), quick('q3'), quick('q4'), quick('other', 2));
  assert.equal(names(batches.next(2)), 'a q1 q2');
  assert.equal(names(batches.next(1)), 'other', 'the stages take turns');
  assert.equal(names(batches.next(1)), 'q3 q4');
});

test('a message takes 32 tasks', () => {
  const batches = waiting(...Array.from({ length: 70 }, (_, i) => quick(String(i))));
  assert.deepEqual(
    [1, 1, 1].map(idle => batches.next(idle)!.length),
    [32, 32, 6],
  );
});

test('a message takes what threads get to, and one more to see', () => {
  const batches = waiting(...Array.from({ length: 200 }, (_, i) => quick(String(i))));
  const lengths = [3, 4, 2, 3, 6, 12, 24, 32].map(begun => {
    const { length } = batches.next(1)!;
    batches.begun(Math.min(begun, length), length);
    return length;
  });
  assert.deepEqual(lengths, [32, 4, 8, 3, 6, 12, 24, 32]);
});

test('an attempt that follows another goes alone', () => {
  const batches = waiting(quick('a'), quick('again', 1, 1), quick('b'));
  assert.deepEqual([names(batches.next(1)), names(batches.next(1)), names(batches.next(1))], ['a', 'again', 'b']);
});

test('what comes back goes first, and what is removed not at all', () => {
  const [a, b, c, d] = [slow('a'), quick('b'), quick('c'), quick('d')];
  const batches = waiting(slow('e'), d);
  batches.putBack([a, b, c]);
  assert.equal(batches.remove(c), true);
  assert.equal(batches.remove(c), false);
  assert.equal(names(batches.next(1)), 'a b d');
  assert.equal(names(batches.drain()), 'e');
  assert.equal(batches.next(1), undefined);
});
