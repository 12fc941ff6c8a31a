// Rows of arrays on executors: sent to whom they are needed, once as long as there is room for them, and never too many at a time.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Context } from '../../lib/index.js';
import { Executor } from '../../lib/transport/tcp/executor.js';

const SECRET = 'a secret for the tests of executors';
const MIB = 2 ** 20;

interface Sent {
  readonly type: string;
  readonly id: number;
  readonly column: Uint8Array;
}

async function open(t: TestContext) {
  const sc = await Context.create({ listen: '127.0.0.1:0', secret: SECRET, partitions: 4, progress: false });
  const [host, port] = sc.address!.split(':') as [string, string];
  let begun!: () => void;
  const works = new Promise<void>(resolve => {
    begun = resolve;
  });
  const log = (message: string) => {
    if (message.startsWith('works for')) begun();
  };
  const place = { threads: 1, memory: 64 * MIB, kernels: 'on', secret: SECRET, log } as const;
  const executor = await Executor.start({ ...place, connect: { host, port: Number(port) } });
  t.after(async () => {
    await sc.stop();
    await executor.close();
  });
  await works;
  const inner = sc as unknown as { transport: { executors: Map<string, { connection: { send(...args: unknown[]): void } }> } };
  const { connection } = [...inner.transport.executors.values()][0]!;
  const sent: Sent[] = [];
  const send = connection.send.bind(connection);
  connection.send = (message, ...rest) => {
    if ((message as Sent).type === 'rows') sent.push(message as Sent);
    send(message, ...rest);
  };
  const { columns } = (executor as unknown as { session: { columns: Map<number, Uint8Array> } }).session;
  return { sc, sent, held: () => [...columns.values()].reduce((sum, { length }) => sum + length, 0) };
}

const numbers = (n: number) => Float64Array.from({ length: n }, (_, i) => i / 3);

test('rows are sent once for several jobs and several places in one', async t => {
  const { sc, sent } = await open(t);
  const array = numbers(100_000);
  const rdd = sc.parallelize(array, 4);
  const expected = array.reduce((a, b) => a + b);
  for (let turn = 0; turn < 3; turn++) assert.ok(Math.abs((await rdd.sum()) - expected) < 1e-3);
  assert.equal(sent.length, 4);
  assert.deepEqual(await rdd.zip(rdd).coalesce(1).take(2), [
    [0, 0],
    [1 / 3, 1 / 3],
  ]);
  assert.equal(await rdd.cartesian(sc.parallelize([1, 2])).count(), 200_000);
  assert.equal(sent.length, 4);
  // Few rows go with their task.
  assert.deepEqual(await sc.parallelize(['a', 'b', 'c'], 2).collect(), ['a', 'b', 'c']);
  assert.equal(sent.length, 4);
});

test('many rows leave again for others, and are sent again when they are needed', async t => {
  const { sc, sent, held } = await open(t);
  const array = numbers(6_000_000); // 48 MB
  const rdd = sc.parallelize(array, 12);
  const expected = await rdd.sum();
  assert.equal(sent.length, 12);
  assert.ok(held() <= 16 * MIB, `${held()} bytes`);
  assert.equal(await rdd.sum(), expected);
  assert.ok(sent.length > 12);
  assert.ok(held() <= 16 * MIB, `${held()} bytes`);
  // More than there is room for, in one task.
  assert.equal(await rdd.coalesce(1).count(), 6_000_000);
  assert.ok(held() <= 16 * MIB, `${held()} bytes`);
});
