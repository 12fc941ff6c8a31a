import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkAnswer, checkRanks } from '../../benchmarks/jobs.js';

const text = { lines: 3, words: 10, distinct: 4, firstWords: 2, empty: 0 };

describe('checkAnswer', () => {
  test('takes the right counts and no others', () => {
    const right = { reduceByKey: 1e6, groupByKey: 1e6, partitionBy: 20e6, sortByKey: 20e6, tasks: 20e6 } as const;
    for (const [job, answer] of Object.entries(right)) {
      assert.equal(checkAnswer(job as keyof typeof right, 20e6, text, { answer }), null);
      assert.equal(
        checkAnswer(job as keyof typeof right, 20e6, text, { answer: answer - 1 }),
        `answered ${answer - 1}, expected ${answer}`,
      );
    }
  });

  test('joins: as many pairs as both halves have of every key', () => {
    assert.equal(checkAnswer('join', 2e6, text, { answer: 2e6 }), null);
    assert.equal(checkAnswer('join', 1000, text, { answer: 500 }), null);
    assert.equal(checkAnswer('join', 4e6, text, { answer: 8e6 }), null);
    assert.notEqual(checkAnswer('join', 2e6, text, { answer: 1e6 }), null);
  });

  test('Pi may be off by chance, not by more', () => {
    assert.equal(checkAnswer('pi', 1e8, text, { answer: 78_539_816 }), null);
    assert.equal(checkAnswer('pi', 1e8, text, { answer: 78_549_000 }), null);
    assert.match(checkAnswer('pi', 1e8, text, { answer: 78_500_000 })!, /39816 off where 24633 is chance/);
  });

  test('words: the distinct ones, and their sum where it is told', () => {
    assert.equal(checkAnswer('wordcount', 0, text, { answer: 4 }), null);
    assert.equal(checkAnswer('wordcount', 0, text, { answer: 4, total: 10 }), null);
    assert.match(checkAnswer('wordcount', 0, text, { answer: 5, total: 10 })!, /5 distinct words, expected 4/);
    assert.match(checkAnswer('wordcount', 0, text, { answer: 4, total: 9 })!, /counted 9 words, expected 10/);
    assert.notEqual(checkAnswer('wordcount', 0, text, { answer: 3 }), null);
  });

  test('ranks: of every node, and the right ones', () => {
    assert.deepEqual(
      checkRanks([
        [0, 1.5],
        [98, 2],
      ]),
      { answer: 2, total: 6 },
    );
    assert.equal(checkAnswer('pagerank', 10e6, text, { answer: 1e6, total: 48_999_025 }), null);
    assert.match(checkAnswer('pagerank', 10e6, text, { answer: 1e6, total: 48_999_026 })!, /checksum of 48999026, expected 48999025/);
    assert.notEqual(checkAnswer('pagerank', 10e6, text, { answer: 999_999, total: 48_999_025 }), null);
  });

  test('groups of lines: as many as first words, and every line of each time that the text is read', () => {
    assert.equal(checkAnswer('spill-group', 0, text, { answer: 2, total: 12 }), null);
    assert.match(checkAnswer('spill-group', 0, text, { answer: 2, total: 11 })!, /2 groups of 11 lines, expected 2 of 12/);
    assert.notEqual(checkAnswer('spill-group', 0, text, { answer: 3, total: 12 }), null);
  });

  test('words: a peer that drops the empty word is right as well, but only where there is one', () => {
    assert.equal(checkAnswer('wordcount', 0, { ...text, empty: 3 }, { answer: 3 }), null);
    assert.equal(checkAnswer('wordcount', 0, { ...text, empty: 3 }, { answer: 4 }), null);
    assert.notEqual(checkAnswer('wordcount', 0, { ...text, empty: 3 }, { answer: 2 }), null);
    assert.equal(checkAnswer('wordcount', 0, { ...text, empty: 3 }, { answer: 3, total: 7 }), null);
    assert.match(checkAnswer('wordcount', 0, { ...text, empty: 3 }, { answer: 3, total: 10 })!, /counted 10 words, expected 7/);
  });
});
