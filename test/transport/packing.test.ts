// Tasks and answers that go in one message come out as they went in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ShuffleId } from '../../lib/core/ids.js';
import type { InputSpec, TaskResult, TaskSpec } from '../../lib/task/spec.js';
import type { ThreadAnswer } from '../../lib/transport/local/messages.js';
import { alike, packAnswers, packTasks, slotsOf, unpackAnswers, unpackTask } from '../../lib/transport/local/packing.js';

const WANTED: readonly number[] = [3, 4];
const PROGRAM = new Uint8Array(new SharedArrayBuffer(8));
const SHARED = { id: 1, key: 3, bytes: new Uint8Array(new SharedArrayBuffer(4)) };
const OUTPUT = { id: 5 as ShuffleId, address: 65_536, maps: 4, reducers: 3, groups: 0 };

function spec(own: Partial<TaskSpec> = {}): TaskSpec {
  const place = { partition: 0, local: 0, attempt: 0, token: 1, branch: 0 };
  const stage = { stage: 7, program: PROGRAM, stageName: 'a stage', small: false, output: OUTPUT, shared: [SHARED], wanted: WANTED };
  return { ...stage, ...place, inputs: [], ...own };
}

const whole = fc.nat({ max: 2 ** 40 });
const shuffle = fc.nat({ max: 1 }).map(id => ({ id: id as ShuffleId, address: 4096 * (id + 1), maps: 3, reducers: 9, groups: 4096 * id }));
const input: fc.Arbitrary<InputSpec> = fc.oneof(
  {
    arbitrary: fc.record({ from: whole, rows: whole }).map(r => ({ kind: 'range', first: 0, step: 1, blockRows: 8, ...r }) as const),
    weight: 4,
  },
  fc.record({ step: fc.constantFrom(-1, 0.5), from: whole }).map(r => ({ kind: 'range', first: 2, blockRows: 8, rows: 1, ...r }) as const),
  { arbitrary: fc.record({ shuffle, reduce: fc.nat({ max: 8 }) }).map(s => ({ kind: 'shuffle', ...s }) as const), weight: 4 },
  fc
    .record({ shuffle, reduce: fc.nat({ max: 8 }) })
    .map(s => ({ kind: 'shuffle', ...s, gathered: { winners: Uint32Array.of(1, 2), blocks: [4096] } }) as const),
  fc.constant({ kind: 'text', pieces: [{ path: 'a', start: 0, end: 3 }], decoder: 'utf-8' } as const),
  fc.constant({ kind: 'empty' } as const),
);
const own = fc.record({ partition: whole, local: whole, attempt: fc.nat(3), token: whole, branch: fc.nat(2) });
const task = (inputs: fc.Arbitrary<readonly InputSpec[]>) =>
  fc.record({ slot: fc.nat(), own, inputs }).map(({ slot, own, inputs }) => ({ slot, spec: spec({ ...own, inputs }) }));
const tasks = fc.oneof(
  fc.array(task(fc.array(input, { maxLength: 3 })), { minLength: 1, maxLength: 8 }),
  // All of the same kinds, as those of a stage mostly are.
  fc.array(task(fc.tuple(input.filter(({ kind }) => kind === 'range'))), { minLength: 1, maxLength: 8 }),
  fc.array(task(fc.tuple(input, input)), { minLength: 1, maxLength: 3 }),
);

test('tasks come out of a message as they went into it', () => {
  fc.assert(
    fc.property(tasks, launched => {
      const packed = structuredClone(packTasks(launched));
      assert.deepEqual(
        slotsOf(packed),
        launched.map(({ slot }) => slot),
      );
      for (const [i, { spec }] of launched.entries()) assert.deepEqual(unpackTask(packed, i), spec);
    }),
  );
});

test('ranges, and places in shuffles, go as numbers', () => {
  const range = (from: number): InputSpec => ({ kind: 'range', first: 0, step: 1, from, rows: 8, blockRows: 8 });
  const read = (reduce: number): InputSpec => ({ kind: 'shuffle', shuffle: OUTPUT, reduce });
  const launched = [1, 2, 3].map(i => ({ slot: i, spec: spec({ partition: i, inputs: [range(i * 8), read(i)] }) }));
  const { inputs, numbers } = packTasks(launched);
  assert.equal(inputs, undefined);
  assert.equal(numbers.length, 3 * (6 + 3));
});

test('tasks go together as long as they differ in nothing but their place and their inputs', () => {
  const first = { slot: 0, spec: spec() };
  const like = { slot: 1, spec: spec({ partition: 5, token: 9, branch: 1, attempt: 1, inputs: [{ kind: 'empty' }] }) };
  const others: Partial<TaskSpec>[] = [
    { stage: 8 },
    { program: new Uint8Array(new SharedArrayBuffer(8)) },
    { output: null },
    { output: { ...OUTPUT, id: 6 as ShuffleId } },
    { shared: [] },
    { shared: [{ ...SHARED, key: 4 }] },
    { wanted: [3] },
  ];
  assert.equal(alike([first]), 1);
  assert.equal(alike([first, like, like]), 3);
  for (const other of others) assert.equal(alike([first, like, { slot: 2, spec: spec(other) }, like]), 2, Object.keys(other).join());
});

const bytes = (most: number) => fc.uint8Array({ maxLength: most });
const result: fc.Arbitrary<TaskResult> = fc
  .record({
    columns: fc.oneof(fc.constant([]), fc.tuple(bytes(40)), fc.tuple(bytes(9), bytes(9)), fc.constant([new Uint8Array(5000).fill(7)])),
    seconds: fc.double({ min: 0, max: 1e6, noNaN: true }).map(s => s + 0),
    rowsIn: whole,
    rowsOut: whole,
    bytesIn: whole,
    bytesOut: whole,
    bytesSpilled: whole,
    more: fc.constantFrom({}, {}, {}, { winner: 4 }, { sizes: Uint8Array.of(1, 2) }, { updates: [{ id: 1, column: Uint8Array.of(3) }] }),
  })
  .map(({ more, ...rest }) => ({ ...rest, ...more }));
const answer: fc.Arbitrary<ThreadAnswer> = fc.oneof(
  { arbitrary: result.map(result => ({ ok: true, result }) as const), weight: 5 },
  fc.constant({ ok: false, error: { name: 'HeddleError', code: 'HEDDLE_CANCELLED', message: 'called off' } } as ThreadAnswer),
);

test('answers come out of a message as they went into it, each column where its numbers can be read', () => {
  fc.assert(
    fc.property(fc.array(answer, { minLength: 1, maxLength: 8 }), answers => {
      const unpacked = unpackAnswers(structuredClone(packAnswers(answers)));
      assert.deepEqual(unpacked, answers);
      for (const each of unpacked) {
        for (const column of each.ok ? each.result.columns : []) assert.equal(column.byteOffset % 8, 0);
      }
    }),
  );
});
