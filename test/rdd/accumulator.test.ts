// Accumulators: what tasks add counts once.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryAsync } from '../storage/temporary.js';
import { open } from './open.js';

const sc = await open({ threads: 2 });

describe('an accumulator', () => {
  test('has what all tasks added', async () => {
    const seen = sc.accumulator(100);
    const kept = await sc
      .range(0, 1000, 1, 7)
      .filter(i => {
        if (i % 10 === 0) seen.add(1);
        return i % 2 === 0;
      })
      .count();
    assert.deepStrictEqual([kept, seen.value], [500, 200]);
    seen.add(5);
    assert.equal(seen.value, 205);
    // Another action runs the tasks again.
    await sc.range(0, 10, 1, 3).forEach(() => void seen.add(1));
    assert.equal(seen.value, 215);
  });

  test('merges in the order of stages and partitions, whichever ends first', async () => {
    const words = sc.accumulator<string[]>([], (all, more) => [...all, ...more]);
    const rdd = sc.range(0, 40, 1, 20).map(i => {
      words.add([`${i}`]);
      return [i % 3, i];
    });
    await rdd.collect();
    const expected = Array.from({ length: 40 }, (_, i) => `${i}`);
    assert.deepStrictEqual(words.value, expected);
    const tenths = sc.accumulator(0);
    const seen = new Set<number>();
    for (let run = 0; run < 5; run++) {
      const before = sc.accumulator(0.1);
      await sc.range(0, 1000, 1, 31).forEach(i => void before.add(1 / (i + 1)));
      seen.add(before.value);
    }
    assert.equal(seen.size, 1, 'bit for bit');
    assert.equal(tenths.value, 0);
  });

  test('adds things of another type', async () => {
    const lengths = sc.accumulator(
      { words: 0, letters: new Map<string, number>() },
      (total, word: string) => {
        total.words++;
        for (const letter of word) total.letters.set(letter, (total.letters.get(letter) ?? 0) + 1);
        return total;
      },
      (a, b) => {
        for (const [letter, n] of b.letters) a.letters.set(letter, (a.letters.get(letter) ?? 0) + n);
        return { words: a.words + b.words, letters: a.letters };
      },
    );
    await sc.parallelize(['ab', 'b', '', 'bc'], 3).forEach(word => void lengths.add(word));
    assert.deepStrictEqual(lengths.value, {
      words: 4,
      letters: new Map([
        ['a', 1],
        ['b', 3],
        ['c', 1],
      ]),
    });
    await sc.parallelize(['a'], 1).forEach(word => void lengths.add(word));
    assert.equal(lengths.value.words, 5);
  });

  test('counts a task that is tried again once', async () => {
    await inTemporaryAsync(async folder => {
      const total = sc.accumulator(0);
      const flag = join(folder, 'tried');
      await sc.range(0, 8, 1, 4).forEach(i => {
        total.add(1);
        if (i === 3 && !existsSync(flag)) {
          writeFileSync(flag, '');
          process.exit(1);
        }
      });
      assert.equal(existsSync(flag), true);
      assert.equal(total.value, 8);
    });
  });

  test('counts a stage that two jobs share, and one that is not run again, once', async () => {
    const total = sc.accumulator(0);
    const shuffled = sc
      .range(0, 1000, 1, 5)
      .map(i => {
        total.add(1);
        return [i % 10, i];
      })
      .reduceByKey((a, b) => a + b, 3);
    await Promise.all([shuffled.count(), shuffled.collect(), shuffled.map(([, n]) => n).sum()]);
    assert.equal(total.value, 1000);
    await shuffled.count();
    assert.equal(total.value, 1000);
  });

  test('does not count a task that fails', async () => {
    const total = sc.accumulator(0);
    const failing = sc.range(0, 4, 1, 1).forEach(i => {
      total.add(1);
      if (i === 3) throw new Error('three');
    });
    await assert.rejects(failing, { code: 'HEDDLE_TASK_FAILED' });
    assert.equal(total.value, 0);
  });

  test('is read on the main thread only', async () => {
    const total = sc.accumulator(0);
    await assert.rejects(
      sc
        .range(1)
        .map(() => total.value)
        .collect(),
      { code: 'HEDDLE_NESTED', message: /accumulator/ },
    );
    await assert.rejects(
      sc.range(1).forEach(() => void total.add((() => 1) as never)),
      { code: 'HEDDLE_VALUE' },
    );
    await assert.rejects(
      sc.range(1).forEach(() => void total.add(Symbol.iterator as never)),
      { code: 'HEDDLE_VALUE' },
    );
  });

  test('is made of a zero and functions', () => {
    assert.throws(() => sc.accumulator('' as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /accumulator\(add\)/ });
    assert.throws(() => sc.accumulator(0, 3 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /accumulator\(add\)/ });
    assert.throws(() => sc.accumulator(0, (a: number) => a, 3 as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /accumulator\(merge\)/ });
    assert.throws(
      () =>
        sc.accumulator(
          () => 1,
          a => a,
        ),
      { code: 'HEDDLE_VALUE' },
    );
  });

  test('tells what its function throws when totals are merged', async () => {
    const total = sc.accumulator<number>(0, (a, b) => {
      if (a + b > 5) throw new RangeError('too much');
      return a + b;
    });
    await assert.rejects(
      sc.range(0, 4, 1, 4).forEach(i => void total.add(i)),
      { code: 'HEDDLE_TASK_FAILED', message: /accumulator threw RangeError/ },
    );
  });
});
