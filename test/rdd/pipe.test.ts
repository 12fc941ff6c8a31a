// pipe: rows through external processes. Most of these are Node itself, which is there on every system.
import assert from 'node:assert/strict';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { HeddleError } from '../../lib/index.js';
import { Held, HOLD } from '../held.js';
import { Hearing, say } from './hearing.js';
import { open } from './open.js';

const sc = await open({ threads: 2 });

/** A command that runs a script. */
const node = (script: string, ...args: string[]) => [process.execPath, '-e', script, ...args];
const CAT = node('process.stdin.pipe(process.stdout)');
const skip = process.platform === 'win32' && 'Windows has no such commands';

async function failure(action: Promise<unknown>): Promise<HeddleError> {
  return (await assert.rejects(action).then(() => action.catch((error: unknown) => error))) as HeddleError;
}

const folder = mkdtempSync(join(tmpdir(), 'heddle-pipe-'));
after(() => rmSync(folder, { recursive: true }));
let pipes = 0;
const held = () => new Held(join(folder, `held-${pipes++}`));

describe('pipe', () => {
  test('gives the lines of a process for each partition, in order', async () => {
    const rows = sc.range(0, 5000, 1, 3);
    assert.deepStrictEqual(await rows.pipe(CAT).collect(), await rows.map(String).collect());
    assert.deepStrictEqual(await sc.parallelize(['é😀', '', ' a\t'], 1).pipe(CAT).collect(), ['é😀', '', ' a\t']);
    const sizes = rows.pipe(node('let n = 0; process.stdin.on("data", d => n += d.length).on("end", () => console.log(n))'));
    assert.equal(await sizes.map(Number).sum(), await rows.map(n => String(n).length + 1).sum());
    assert.deepStrictEqual(await sc.parallelize<number>([], 1).pipe(node('console.log("alone\\r\\n.")')).collect(), ['alone', '.']);
    assert.deepStrictEqual(await sc.range(0, 3, 1, 1).pipe(node('process.stdout.write("a\\n\\nb")')).collect(), ['a', '', 'b']);
  });

  test('stands wherever an operator does', async () => {
    const rows = sc.range(0, 1000, 1, 2).pipe(CAT);
    assert.deepStrictEqual(
      await rows
        .map(Number)
        .zip(rows.mapPartitions(all => [...all]))
        .count(),
      1000,
    );
    const counts = await rows
      .map(line => [line.length, 1] as const)
      .reduceByKey((a, b) => a + b)
      .pipe(CAT)
      .collect();
    assert.deepStrictEqual(counts.sort(), ['1,10', '2,90', '3,900']);
    assert.equal(
      await rows
        .mapAsync(async line => Number(line))
        .pipe(CAT)
        .map(Number)
        .sum(),
      499_500,
    );
    assert.equal(await rows.union(rows).coalesce(1).count(), 2000);
  });

  test('runs the commands of the system', { skip }, async () => {
    const words = sc.parallelize(['b', 'c', 'a'], 1);
    assert.deepStrictEqual(await words.pipe('sort -r').collect(), ['c', 'b', 'a']);
    assert.deepStrictEqual(await words.pipe(['tr', 'a-z', 'A-Z']).collect(), ['B', 'C', 'A']);
    assert.deepStrictEqual(await words.pipe('sort | head -1', { shell: true }).collect(), ['a']);
    assert.deepStrictEqual(
      await sc.range(0, 1e6, 1, 2).pipe('head -1').collect(),
      await sc
        .range(0, 1e6, 1, 2)
        .mapPartitions(all => [String(all.next().value)])
        .collect(),
    );
    assert.deepStrictEqual(await words.pipe(['sort', '-z'], { separator: '\0' }).collect(), ['a', 'b', 'c']);
  });

  test('has its variables and its directory, and passes arguments on as they are', async () => {
    const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-pipe-')));
    try {
      // The second one's name a shell would not pass on.
      for (const name of ['MINE', 'my.own-1']) {
        const command = node(`console.log(process.env['${name}'] + process.cwd() + process.argv[1])`, '$HOME "a b";');
        const rows = sc.range(0, 1, 1, 1).pipe(command, { env: { [name]: 'x' }, cwd });
        assert.deepStrictEqual(await rows.collect(), [`x${cwd}$HOME "a b";`]);
      }
    } finally {
      rmSync(cwd, { recursive: true });
    }
  });

  test('flows both ways at once', async () => {
    const writes = 'process.stdout.write(("x".repeat(99) + "\\n").repeat(1e4)); process.stdin.pipe(process.stdout)';
    assert.equal(await sc.range(0, 200_000, 1, 2).pipe(node(writes)).count(), 220_000);
  });

  test('reads no more than is wanted, and ends the process then', { skip }, async () => {
    const { env, over } = held();
    const made = sc.accumulator(0);
    const rows = sc.range(0, 1e7, 1, 1).map(n => {
      made.add(1);
      return n;
    });
    assert.deepEqual(await rows.pipe(`${HOLD}; cat`, { shell: true, env }).take(2), ['0', '1']);
    await over;
    assert.ok(made.value < 5e6, `${made.value} rows were made`);
  });
});

describe('a process', () => {
  test('that fails names its command, its exit code, what it wrote and the partition', async () => {
    const fails = node('process.stdin.on("end", () => { console.error("no luck"); process.exitCode = 3 }).resume()');
    const error = await failure(sc.range(0, 10, 1, 2).pipe(fails).collect());
    assert.equal(error.code, 'HEDDLE_COMMAND');
    assert.match(
      error.message,
      /^pipe at pipe\.test\.ts:\d+: the command .* exit code 3, and wrote: no luck \(partition [01], attempt 0\)/s,
    );
    assert.equal(error.data.exitCode, 3);
    assert.equal(error.data.stderr, 'no luck\n');
    const killed = await failure(sc.range(0, 1, 1, 1).pipe(node('process.kill(process.pid, "SIGKILL")')).count());
    assert.equal(killed.code, 'HEDDLE_COMMAND');
  });

  test('that cannot be started', async () => {
    for (const shape of [sc.range(2).pipe('no-such-program a b'), sc.range(2).pipe(['no-such-program', 'a b']).glom()]) {
      const error = await failure(shape.count());
      assert.equal(error.code, 'HEDDLE_COMMAND', error.message);
      assert.match(error.message, /no-such-program .*could not be started: there is no such program \(partition/);
    }
    const error = await failure(
      sc
        .range(2)
        .pipe(CAT, { cwd: join(tmpdir(), 'no', 'such') })
        .count(),
    );
    assert.match(error.message, /there is no directory .*such/);
  });

  test('gets no row that would be two, and none of what fails before it', async () => {
    const error = await failure(sc.parallelize(['a', 'b\nc'], 1).pipe(CAT).collect());
    assert.equal(error.code, 'HEDDLE_VALUE');
    assert.equal(error.data.record, '"b\\nc"');
    const failing = sc.range(0, 100, 1, 1).map(n => {
      if (n === 50) throw new Error('fifty');
      return n;
    });
    assert.match((await failure(failing.pipe(CAT).count())).message, /^map at .*record 50/s);
  });

  test('is killed when its job is called off, and when its context stops, what it started as well', { skip }, async () => {
    const own = await open({ threads: 1 });
    const controller = new AbortController();
    for (const end of [() => controller.abort(), () => own.stop()]) {
      const running = held();
      // Its own process and a child of it, neither of which would ever end.
      const rows = own.range(0, 1, 1, 1).pipe(`${HOLD}; sleep 1000 & wait`, { shell: true, env: running.env });
      const ended = assert.rejects(rows.count(controller.signal.aborted ? {} : { signal: controller.signal }));
      await running.begun(ended);
      end();
      await ended;
      await running.over;
    }
  });

  test('is killed with a thread that does not come back', { skip }, async () => {
    const running = new Hearing();
    const { name } = running;
    const { env, over } = held();
    const rows = sc.range(0, 1, 1, 1).pipe(`${HOLD}; sleep 1000 & echo up; wait`, { shell: true, env });
    const stuck = rows.mapAsync(() => {
      say(name, 'up');
      for (;;);
    });
    const controller = new AbortController();
    const ended = assert.rejects(stuck.first({ signal: controller.signal }), { code: 'HEDDLE_CANCELLED' });
    await running.times(1, ended);
    controller.abort();
    await ended;
    await over;
  });
});

test('what makes no sense is refused', () => {
  const rows = sc.range(3);
  for (const command of ['', '  ', [], [''], ['cat', 3], 3, undefined, 'a\0b']) {
    assert.throws(() => rows.pipe(command as never), { code: 'HEDDLE_BAD_ARGUMENT', message: /pipe\(command\)/ }, String(command));
  }
  for (const command of ['sort | head', "grep 'a b'", 'ls *', 'echo $HOME', 'a; b']) {
    assert.throws(() => rows.pipe(command), { code: 'HEDDLE_BAD_ARGUMENT', message: /an array .*shell: true/ });
  }
  assert.throws(() => rows.pipe(['a'], { shell: true }), { code: 'HEDDLE_BAD_ARGUMENT' });
  for (const options of [{ separator: '' }, { separator: 'ab' }, { cwd: 3 }, { env: { A: 3 } }, { shell: 'bash' }]) {
    assert.throws(() => rows.pipe('cat', options as never), { code: 'HEDDLE_BAD_ARGUMENT' });
  }
  assert.throws(() => rows.pipe('cat', { seperator: '\n' } as never), { code: 'HEDDLE_BAD_OPTION', message: /separator/ });
  assert.match(rows.pipe('tr a b').explain(), /pipe at .*: lines through tr a b, a process a partition/);
});
