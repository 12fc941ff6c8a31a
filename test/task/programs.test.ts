// What a thread keeps of a program: which stages share one, and that nobody can tell.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { captureClosure, type ShippedClosure } from '../../lib/codec/closure/index.js';
import { HeddleError } from '../../lib/core/errors.js';
import { encodeProgram } from '../../lib/task/program-bytes.js';
import { Programs } from '../../lib/task/programs.js';
import type { Program, TaskSpec } from '../../lib/task/spec.js';

type Fn = (...args: never[]) => unknown;

function specOf(stage: number, closures: readonly ShippedClosure[], more: Partial<Program> = {}, small = false): TaskSpec {
  const operators = closures.map((_, i) => ({ kind: 'map', f: { closure: i }, label: `map ${i}` }) as const);
  const branches: Program['branches'] = [{ source: { kind: 'leaf', input: 0 }, operators }];
  const program: Program = { branches, sink: { kind: 'count' }, closures, seed: 1, ...more };
  return { stage, program: encodeProgram(program), small } as unknown as TaskSpec;
}

const capture = (f: unknown) => captureClosure(f as Fn, 'map(f)');

/** Two stages of the closures that `make` gives, one after the other in one thread, and their first functions. */
async function twice(make: (stage: number) => unknown, between: (f: Fn) => void = () => {}) {
  const programs = new Programs(() => undefined);
  const closures = [capture(make(1)), capture(make(2))];
  const first = await programs.of(specOf(1, [closures[0]!]));
  const f = first.loaded.functions.get({ closure: 0 });
  between(f);
  const second = await programs.of(specOf(2, [closures[1]!]));
  return { first, second, closures, f, g: second.loaded.functions.get({ closure: 0 }) };
}

describe('stages with the same program', () => {
  test('share it where its closures captured primitive values alone', async () => {
    const by = 10;
    const { first, second, g } = await twice(() => (x: number) => x * by);
    assert.equal(second.loaded, first.loaded);
    assert.equal((g as (x: number) => number)(4), 40);
  });

  test('do not share it with other values, seeds, or on the main thread', async () => {
    const { first, second, g } = await twice(stage => (x: number) => x * stage);
    assert.notEqual(second.loaded, first.loaded);
    assert.equal((g as (x: number) => number)(4), 8);
    const programs = new Programs(() => undefined);
    const closure = capture((x: number) => x + 1);
    const specs = [specOf(1, [closure]), specOf(2, [closure], { seed: 2 }), specOf(3, [closure], {}, true)];
    const loaded = await Promise.all(specs.map(async spec => (await programs.of(spec)).loaded));
    assert.equal(new Set(loaded).size, 3);
  });

  test('do not share what a closure may keep in an object that it captured', async () => {
    const { g, f } = await twice(
      () => {
        const seen: number[] = [];
        return (x: number) => seen.push(x);
      },
      f => void (f as (x: number) => number)(1),
    );
    assert.notEqual(g, f);
    assert.equal((g as (x: number) => number)(1), 1);
  });

  test('do not share a function that has got properties of its own', async () => {
    const make = () =>
      function count(): number {
        const self = count as unknown as { calls?: number };
        self.calls = (self.calls ?? 0) + 1;
        return self.calls;
      };
    const { g, f } = await twice(make, f => void (f as () => number)());
    assert.notEqual(g, f);
    assert.equal((g as () => number)(), 1);
    // Without a call in between there is nothing to tell.
    const again = await twice(make);
    assert.equal(again.g, again.f);
  });

  test('do not share classes', async () => {
    const { g, f } = await twice(
      () =>
        class {
          static made = 0;
        },
    );
    assert.notEqual(g, f);
  });

  test('keep their own names in the stacks of errors', async () => {
    const { first, second, closures, g } = await twice(() => () => {
      throw new TypeError('no');
    });
    assert.equal(second.loaded, first.loaded);
    const [one, two] = closures;
    const thrown = () => {
      try {
        return (g as () => Error)();
      } catch (error) {
        return error as Error;
      }
    };
    const cause = thrown();
    assert.ok(cause.stack!.includes(`heddle-closure:${one!.id}/`), cause.stack);
    const error = second.inItsOwnName(new HeddleError('HEDDLE_TASK_FAILED', 'a task failed', { cause }));
    const { stack } = error.cause as Error;
    assert.ok(stack!.includes(`heddle-closure:${two!.id}/`), stack);
    assert.ok(!stack!.includes(`heddle-closure:${one!.id}/`), stack);
    const own = first.inItsOwnName(thrown());
    assert.ok(own.stack!.includes(`heddle-closure:${one!.id}/`), own.stack);
    // What the user's class made of its stack stays.
    const odd = Object.freeze(thrown());
    assert.equal(second.inItsOwnName(odd), odd);
  });
});
