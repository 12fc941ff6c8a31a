import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { cacheFolder } from '../../benchmarks/anchors/cache.js';
import type { JobName } from '../../benchmarks/jobs.js';
import type { Row } from '../../benchmarks/measure.js';
import { parseOptions } from '../../benchmarks/options.js';
import { brief, renderJob } from '../../benchmarks/report.js';
import { DEFAULT_JOBS, judge } from '../../benchmarks/targets.js';

function row(job: JobName, who: string, warm: number[], whole: number[] = [], failed: string | null = null): Row {
  return { job, who, cold: warm[0] ?? null, warm, whole, peak: whole.map(seconds => seconds * 1e8), context: null, failed };
}

const rows = [
  row('wordcount', 'heddle', [0.5, 0.7, 0.6], [1.2, 1.2, 1.2]),
  row('wordcount', 'spark', [6, 7, 8], [12.34, 12.34, 12.34]),
  row('wordcount', 'polars', [1], [], 'answered 3,\nexpected 4'),
];

describe('the table of a job', () => {
  test('as text: medians, and how many times the ones of heddle', () => {
    assert.equal(
      renderJob(rows, 'text'),
      [
        'who     cold s  warm s  warm / heddle  whole s  whole / heddle  peak MB',
        'heddle   0.500   0.600          1.00x    1.200           1.00x      120',
        'spark    6.000   7.000         11.67x     12.3          10.28x     1234',
        'polars  FAILED: answered 3, expected 4',
      ].join('\n'),
    );
  });

  test('as Markdown', () => {
    assert.equal(
      renderJob(rows.slice(0, 2), 'markdown'),
      [
        '| who | cold s | warm s | warm / heddle | whole s | whole / heddle | peak MB |',
        '|---|---:|---:|---:|---:|---:|---:|',
        '| heddle | 0.500 | 0.600 | 1.00x | 1.200 | 1.00x | 120 |',
        '| spark | 6.000 | 7.000 | 11.67x | 12.3 | 10.28x | 1234 |',
      ].join('\n'),
    );
  });

  test('without heddle there are times, but no ratios', () => {
    assert.match(renderJob(rows.slice(1, 2), 'text'), /^spark +6\.000 +7\.000 +- +12\.3 +- +1234$/m);
  });
});

test('a failure in brief names the error and leaves the stack out', () => {
  assert.equal(brief('node ended: x.js:1\n  throw\n\nTypeError: no good\n    at f (x.js:1)\n\nNode.js'), 'TypeError: no good');
  assert.equal(brief('java.lang.OutOfMemoryError: Java heap space'), 'java.lang.OutOfMemoryError: Java heap space');
  assert.equal(brief('answered 3,\nexpected 4'), 'answered 3, expected 4');
  assert.equal(brief('x'.repeat(200)).length, 160);
});

describe('the verdicts', () => {
  const verdictOf = (all: Row[], part: string) => judge(all, null).find(({ target }) => target.includes(part));

  test('pass and short follow the figures', () => {
    assert.deepEqual(verdictOf(rows, '10x faster than spark'), {
      target: 'wordcount: whole process, at least 10x faster than spark',
      measured: '10.28x',
      verdict: 'pass',
    });
    const slow = [row('wordcount', 'heddle', [8], [3]), rows[1]!];
    assert.equal(verdictOf(slow, '10x faster than spark')!.verdict, 'short');
    assert.equal(verdictOf([...slow, row('wordcount', 'c', [5])], 'at most 1.5x that of c')!.measured, '1.60x');
    const pi = [row('pi', 'heddle', [0.6]), row('pi', 'heddle, 1 thread', [1.2]), row('pi', 'c', [0.15]), row('pi', 'spark', [1.2])];
    assert.deepEqual(
      judge(pi, null).map(({ measured, verdict }) => [measured, verdict]),
      [
        ['4.00x', 'short'],
        ['2.00x', 'short'],
        ['2.00x', 'pass'],
      ],
    );
  });

  test('rates are held against the size of the job', () => {
    const verdicts = (seconds: number) =>
      judge([row('executors-tasks', 'executors', [seconds]), row('executors-tasks', 'heddle', [1])], null);
    assert.deepEqual(verdicts(1.6), [
      { target: 'executors-tasks: warm, at least 5,000 tasks a second', measured: '6250 tasks/s', verdict: 'pass' },
    ]);
    assert.equal(verdicts(2.1)[0]!.verdict, 'short');
    assert.equal(judge([row('executors-fetch', 'stream, TLS', [1])], null)[0]!.verdict, 'not measured');
  });

  test('nobody passes against a peer that is absent or failed', () => {
    assert.deepEqual(verdictOf([rows[0]!], 'faster than spark'), {
      target: 'wordcount: whole process, at least 10x faster than spark',
      measured: 'no figure of spark',
      verdict: 'not measured',
    });
    assert.equal(verdictOf([rows[0]!, { ...rows[1]!, failed: 'wrong' }], 'faster than spark')!.verdict, 'not measured');
  });

  test('memory is held against memory, and one job against another', () => {
    const memory = [row('groupByKey', 'heddle', [1], [8]), row('groupByKey', 'duckdb', [2], [4])];
    const judged = verdictOf(memory, 'peak memory');
    assert.deepEqual([judged!.measured, judged!.verdict], ['2.00x', 'short']);
    assert.equal(verdictOf(memory, 'even keys'), undefined);
    const skewed = [row('skew', 'heddle', [3]), row('reduceByKey', 'heddle', [2])];
    assert.deepEqual(verdictOf(skewed, 'even keys')!.measured, '1.50x');
  });

  test('two of the three shuffles have to be faster than DuckDB', () => {
    const shuffles = (sort: number, join: number) => [
      ...[row('groupByKey', 'heddle', [1]), row('groupByKey', 'duckdb', [2])],
      ...[row('sortByKey', 'heddle', [1]), row('sortByKey', 'duckdb', [sort])],
      ...[row('join', 'heddle', [1]), row('join', 'duckdb', [join])],
    ];
    assert.deepEqual(verdictOf(shuffles(0.5, 1.5), 'two of the three'), {
      target: 'groupByKey, sortByKey, join: warm, two of the three faster than duckdb',
      measured: '2.00x, 0.50x, 1.50x',
      verdict: 'pass',
    });
    assert.equal(verdictOf(shuffles(0.5, 0.9), 'two of the three')!.verdict, 'short');
    assert.equal(verdictOf(shuffles(0.5, 0.9).slice(0, 5), 'two of the three')!.verdict, 'not measured');
  });

  test('overheads are held against their limits', () => {
    const verdicts = judge([], { importSeconds: 0.0994, smallJobSeconds: 0.006 });
    assert.deepEqual(
      verdicts.map(({ measured, verdict }) => [measured, verdict]),
      [
        ['99.40 ms', 'pass'],
        ['6.00 ms', 'short'],
      ],
    );
    assert.equal(judge([], { importSeconds: 'it threw', smallJobSeconds: 0.001 })[0]!.verdict, 'not measured');
    assert.equal(judge([], { importSeconds: 'it threw', smallJobSeconds: 0.001 })[0]!.measured, 'FAILED: it threw');
  });
});

describe('the command line', () => {
  test('has defaults, and takes what it is told', () => {
    const defaults = {
      repeats: 5,
      threads: 2,
      limit: 600,
      text: undefined,
      contenders: undefined,
      peers: false,
      micro: false,
      alternatives: false,
      examples: false,
      format: 'text',
    };
    assert.deepEqual(parseOptions([]), { jobs: DEFAULT_JOBS, ...defaults });
    assert.ok(DEFAULT_JOBS.includes('wordcount') && !DEFAULT_JOBS.includes('partitionBy'));
    const told = parseOptions(['--job', 'pi,pi', '--repeats', '3', '--threads', '8', '--text', 'a', '--peers', '--json']);
    assert.deepEqual(told, { ...defaults, jobs: ['pi'], repeats: 3, threads: 8, text: 'a', peers: true, format: 'json' });
  });

  test('says what is wrong', () => {
    assert.match(parseOptions(['--job', 'pie']) as string, /no job "pie"/);
    assert.match(parseOptions(['--repeats', '0']) as string, /--repeats: expected a whole number from 1 up, got "0"/);
    assert.match(parseOptions(['--nonsense']) as string, /--nonsense/);
  });
});

test('the cache folder is the one of the system unless it is told', () => {
  assert.equal(cacheFolder({ HEDDLE_BENCH_CACHE: '/somewhere' }, 'linux'), '/somewhere');
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/xdg' }, 'linux'), join('/xdg', 'heddle-anchors'));
  assert.equal(cacheFolder({}, 'linux'), join(homedir(), '.cache', 'heddle-anchors'));
  assert.equal(cacheFolder({}, 'darwin'), join(homedir(), 'Library', 'Caches', 'heddle-anchors'));
});
