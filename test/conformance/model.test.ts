// Random chains of operators: the engine's answer is the model's, row for row and in order, whatever the threads and
// whether with kernels or without. HEDDLE_MODEL_RUNS=20000 runs longer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { Context, type RDD } from '../../lib/index.js';
import { apply, type Source, type Step, source, step } from './chains.js';
import { keyText, Model } from './model.js';

const RUNS = Number(process.env.HEDDLE_MODEL_RUNS ?? 250);
const DEFAULT_PARTITIONS = 3;
/** A chain does not grow past this: a join of hot keys would. */
const MOST_ROWS = 3000;

const settings = [
  { threads: 1, kernels: 'on' },
  { threads: 3, kernels: 'on' },
  { threads: 2, kernels: 'off' },
] as const;
let contexts: Context[] = [];

before(async () => {
  const common = { memory: '256mb', progress: false, partitions: DEFAULT_PARTITIONS };
  contexts = await Promise.all(settings.map(setting => Context.create({ ...common, ...setting })));
});
after(() => Promise.all(contexts.map(sc => sc.stop())));

interface Chain {
  readonly source: Source;
  readonly steps: readonly Step[];
}

/** The rows of a source as the engine cuts them. */
function modelOf(rdd: RDD<unknown>, { rows }: Source): Model {
  const { node } = rdd;
  assert(node.kind === 'source');
  let from = 0;
  const partitions = Array.from({ length: node.partitions }, (_, p) => {
    const input = node.input(p);
    assert(input.kind === 'rows');
    return rows.slice(from, (from += input.rows));
  });
  assert.equal(from, rows.length);
  return new Model(partitions, DEFAULT_PARTITIONS);
}

/** The chain in one context, and its model. */
function build(sc: Context, chain: Chain): { rdd: RDD<unknown>; model: Model } {
  const open = (source: Source) => {
    const rdd = sc.parallelize(source.rows, source.partitions);
    return { rdd: rdd as RDD<never>, model: modelOf(rdd, source) };
  };
  let twin = open(chain.source);
  for (const each of chain.steps) {
    const next = apply(twin, each, open);
    if (next.model.rows.length <= MOST_ROWS) twin = next;
  }
  return twin;
}

test(`${RUNS} chains give what their models give`, async () => {
  const chain = fc.record({ source, steps: fc.array(step, { minLength: 2, maxLength: 6 }) });
  const property = fc.asyncProperty(chain, fc.nat({ max: 70 }), async (chain, n) => {
    for (const [i, sc] of contexts.entries()) {
      const { rdd, model } = build(sc, chain);
      const rows = await rdd.collect();
      assert.deepStrictEqual(rows, model.rows);
      assert.equal(rdd.getNumPartitions(), model.partitions.length);
      if (i === n % contexts.length) await checkActions(rdd, model, n);
    }
  });
  await fc.assert(property, {
    numRuns: RUNS,
    includeErrorInReport: true,
    interruptAfterTimeLimit: process.env.HEDDLE_MODEL_RUNS === undefined ? 60_000 : 2 ** 31 - 1,
  });
});

async function checkActions(rdd: RDD<unknown>, model: Model, n: number): Promise<void> {
  const { rows } = model;
  switch (n % 7) {
    case 0:
      assert.equal(await rdd.count(), rows.length);
      assert.equal((await rdd.countApprox({ timeout: Number.POSITIVE_INFINITY })).mean, rows.length);
      break;
    case 1:
      assert.deepStrictEqual(await rdd.take(n), rows.slice(0, n));
      break;
    case 2: {
      const lists = rdd.map((row): unknown[] => [row]);
      const joined = await lists.fold([], (a, b) => a.concat(b));
      assert.deepStrictEqual(joined, rows);
      break;
    }
    case 3: {
      const counts = await rdd.countByValue();
      const expected = new Map<string, number>();
      for (const row of rows) expected.set(keyText(row), (expected.get(keyText(row)) ?? 0) + 1);
      assert.deepStrictEqual(
        Array.from(counts, ([row, times]) => [keyText(row), times]),
        [...expected],
      );
      const inTime = await rdd.countByValueApprox({ timeout: Number.POSITIVE_INFINITY });
      assert.deepStrictEqual(
        Array.from(inTime, ([row, { mean }]) => [keyText(row), mean]),
        [...expected],
      );
      // So few are rarely more than one off.
      const distinct = await rdd.countApproxDistinct(0.002);
      assert.ok(Math.abs(distinct - expected.size) <= 2 + 0.01 * expected.size, `${distinct} of ${expected.size}`);
      break;
    }
    case 4: {
      // Neither order nor association is lost: a key's partitions are merged one after the other.
      const keyed = rdd.map(row => [typeof row, [row]] as [string, unknown[]]);
      const lists = await keyed.reduceByKeyLocally((a, b) => a.concat(b));
      const keys = [...new Set(rows.map(row => typeof row))];
      assert.deepStrictEqual(
        [...lists],
        keys.map(key => [key, rows.filter(row => typeof row === key)]),
      );
      assert.deepStrictEqual(
        [...(await keyed.collectAsMap())],
        keys.map(key => [key, [rows.findLast(row => typeof row === key)]]),
      );
      break;
    }
    case 5: {
      if (rows.length === 0) break;
      const wanted = rows[n % rows.length];
      const same = rows.filter(row => keyText(row) === keyText(wanted));
      const keyed = rdd.keyBy(row => row);
      assert.deepStrictEqual(await keyed.lookup(wanted), same);
      assert.deepStrictEqual(await keyed.partitionBy(3).lookup(wanted), same);
      break;
    }
    default:
      assert.deepStrictEqual(await rdd.glom().collect(), model.partitions);
  }
}
