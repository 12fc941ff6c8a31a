import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { HeddleError } from '../../lib/core/errors.js';
import type { FileSystem } from '../../lib/storage/file-system.js';
import { resolveInputs } from '../../lib/storage/inputs.js';
import { LineReader } from '../../lib/storage/line-reader.js';
import { localFileSystem } from '../../lib/storage/local-file-system.js';
import { OutputJob, TEMPORARY_MARK } from '../../lib/storage/output.js';
import { openPart } from '../../lib/storage/part-writer.js';
import { planSplits } from '../../lib/storage/splits.js';
import { inTemporary, inTemporaryAsync } from './temporary.js';

function writePart(job: OutputJob, partition: number, lines: readonly string[], attempt = 0): boolean {
  const part = openPart(job.spec, partition, attempt);
  part.writeLines(lines);
  return part.commit();
}

/** A file system in which one method is another. */
const withFault = (fault: Partial<FileSystem>): FileSystem =>
  new Proxy(localFileSystem, {
    get: (target, name) => (fault as Record<PropertyKey, unknown>)[name] ?? (Reflect.get(target, name) as () => unknown).bind(target),
  });

describe('committed output', () => {
  test('appears at commit, with its parts and its marker, and nothing is left beside it', () =>
    inTemporary(root => {
      const target = join(root, 'a', 'b', 'out');
      const job = OutputJob.begin(target, 'dir', 3);
      for (const partition of [2, 0, 1])
        assert.equal(writePart(job, partition, [`line ${partition}`, 'é\u2028'].slice(partition % 2)), true);
      assert.equal(existsSync(target), false);
      const [temporary] = readdirSync(join(root, 'a', 'b'));
      assert.ok(temporary!.startsWith(`.out${TEMPORARY_MARK}`), temporary);
      job.commit();
      job.abort();
      assert.deepEqual(readdirSync(join(root, 'a', 'b')), ['out']);
      assert.deepEqual(readdirSync(target).sort(), ['_SUCCESS', 'part-00000', 'part-00001', 'part-00002']);
      assert.equal(readFileSync(join(target, 'part-00000'), 'utf8'), 'line 0\né\u2028\n');
      assert.equal(readFileSync(join(target, 'part-00001'), 'utf8'), 'é\u2028\n');
      assert.equal(readFileSync(join(target, '_SUCCESS'), 'utf8'), '');
      assert.throws(() => job.commit(), { code: 'HEDDLE_INTERNAL' });
    }));

  test('takes relative paths, trailing slashes, file URLs and long names', () =>
    inTemporary(root => {
      for (const [given, name] of [
        [`${join(root, 'x')}/`, 'x'],
        [pathToFileURL(join(root, 'y z')).href, 'y z'],
        [join(root, '漢'.repeat(80)), '漢'.repeat(80)],
      ] as const) {
        const job = OutputJob.begin(given, 'dir', 1);
        writePart(job, 0, []);
        job.commit();
        assert.deepEqual(readdirSync(join(root, name)).sort(), ['_SUCCESS', 'part-00000']);
      }
    }));

  test('what exists is refused at once: a directory, be it empty, a file, a link that leads nowhere', () =>
    inTemporary(root => {
      mkdirSync(join(root, 'empty'));
      writeFileSync(join(root, 'file'), 'x');
      symlinkSync(join(root, 'gone'), join(root, 'link'));
      for (const name of ['empty', 'file', 'link']) {
        assert.throws(
          () => OutputJob.begin(join(root, name), 'dir', 1),
          error =>
            error instanceof HeddleError &&
            error.code === 'HEDDLE_OUTPUT_EXISTS' &&
            error.message.startsWith(`dir: ${join(root, name)}`) &&
            error.data.argument === 'dir',
        );
      }
      assert.throws(() => OutputJob.begin(join(root, 'file', 'deeper'), 'dir', 1), { code: 'HEDDLE_IO' });
      assert.deepEqual(readdirSync(root).sort(), ['empty', 'file', 'link']);
    }));

  test('arguments that make no sense', () => {
    for (const dir of ['', undefined, 7, 's3://bucket/out', 'file:///a?b']) {
      assert.throws(() => OutputJob.begin(dir as string, 'dir', 1), { code: 'HEDDLE_BAD_ARGUMENT', message: /^dir: / });
    }
    for (const partitions of [-1, 1.5, Number.NaN]) {
      assert.throws(() => OutputJob.begin('x', 'dir', partitions), { code: 'HEDDLE_BAD_ARGUMENT' });
    }
  });

  test('an output of no partitions is a directory with _SUCCESS alone', () =>
    inTemporary(root => {
      const job = OutputJob.begin(join(root, 'none'), 'dir', 0);
      job.commit();
      assert.deepEqual(readdirSync(join(root, 'none')), ['_SUCCESS']);
    }));

  test('a target made meanwhile is refused at commit and stays as it is', () =>
    inTemporary(root => {
      for (const full of [true, false]) {
        const target = join(root, `out-${full}`);
        const job = OutputJob.begin(target, 'dir', 1);
        writePart(job, 0, ['x']);
        mkdirSync(target);
        if (full) writeFileSync(join(target, 'theirs'), '1');
        assert.throws(() => job.commit(), { code: 'HEDDLE_OUTPUT_EXISTS', message: /^dir: / });
        job.abort();
        assert.deepEqual(readdirSync(target), full ? ['theirs'] : []);
      }
      assert.equal(readdirSync(root).length, 2);
    }));

  test('of two jobs with one target, one commits', () =>
    inTemporary(root => {
      const target = join(root, 'out');
      const jobs = ['first', 'second'].map(name => {
        const job = OutputJob.begin(target, 'dir', 1);
        writePart(job, 0, [name]);
        return job;
      });
      // The look before the rename sees nothing yet, as in a race: the rename itself has to refuse.
      jobs[0]!.commit();
      assert.throws(() => jobs[1]!.commit(), { code: 'HEDDLE_OUTPUT_EXISTS' });
      jobs[1]!.abort();
      assert.equal(readFileSync(join(target, 'part-00000'), 'utf8'), 'first\n');
      assert.deepEqual(readdirSync(root), ['out']);
    }));

  test('abort removes everything, parents made for it too, but no directory that others use', () =>
    inTemporary(root => {
      const job = OutputJob.begin(join(root, 'a', 'b', 'out'), 'dir', 2);
      writePart(job, 0, ['x']);
      openPart(job.spec, 1, 0).abort();
      const open = openPart(job.spec, 1, 1);
      job.abort();
      job.abort();
      assert.deepEqual(readdirSync(root), []);
      // The attempt that still writes finds out when it commits.
      open.writeLines(['x']);
      assert.throws(() => open.commit(), { code: 'HEDDLE_PATH_NOT_FOUND' });
      assert.throws(() => openPart(job.spec, 1, 2), { code: 'HEDDLE_PATH_NOT_FOUND' });

      const second = OutputJob.begin(join(root, 'a', 'b', 'out'), 'dir', 1);
      writeFileSync(join(root, 'a', 'theirs'), '1');
      second.abort();
      assert.deepEqual(readdirSync(root, { recursive: true }).map(String).sort(), ['a', join('a', 'theirs')]);
    }));

  test('of several attempts of a part one wins, the others are harmless, and unfinished ones do not show', () =>
    inTemporary(root => {
      const target = join(root, 'out');
      const job = OutputJob.begin(target, 'dir', 1);
      const slow = openPart(job.spec, 0, 0);
      slow.writeLines(['slow']);
      assert.equal(writePart(job, 0, ['fast'], 1), true);
      assert.equal(slow.commit(), false);
      assert.equal(writePart(job, 0, ['late'], 1), false);
      const dead = openPart(job.spec, 0, 2);
      dead.writeLines(['dead']);
      dead.close();
      const zombie = openPart(job.spec, 0, 3);
      zombie.writeLines(['zombie']);
      job.commit();
      assert.throws(() => zombie.commit(), { code: 'HEDDLE_PATH_NOT_FOUND' });
      assert.deepEqual(readdirSync(target).sort(), ['_SUCCESS', 'part-00000']);
      assert.equal(readFileSync(join(target, 'part-00000'), 'utf8'), 'fast\n');
    }));

  test('attempts that commit at the same moment, in threads: one wins, and its file is whole', async () => {
    await inTemporaryAsync(async root => {
      const job = OutputJob.begin(join(root, 'out'), 'dir', 20);
      const gate = new SharedArrayBuffer(4);
      const program = `
        const { parentPort, workerData } = require('node:worker_threads');
        import(workerData.module).then(({ openPart }) => {
          const parts = Array.from({ length: 20 }, (_, i) => openPart(workerData.spec, i, workerData.attempt));
          for (const part of parts) part.writeLines(Array(1000).fill('attempt ' + workerData.attempt));
          Atomics.add(new Int32Array(workerData.gate), 0, 1);
          while (Atomics.load(new Int32Array(workerData.gate), 0) < 3);
          parentPort.postMessage(parts.map(part => part.commit()));
        });`;
      const module = new URL('../../lib/storage/part-writer.js', import.meta.url).href;
      const wins = await Promise.all(
        [0, 1, 2].map(
          attempt =>
            new Promise<boolean[]>((resolve, reject) => {
              const worker = new Worker(program, { eval: true, workerData: { module, spec: job.spec, attempt, gate } });
              worker.on('message', resolve).on('error', reject);
            }),
        ),
      );
      job.commit();
      for (let i = 0; i < 20; i++) {
        const winners = [0, 1, 2].filter(attempt => wins[attempt]![i]);
        assert.equal(winners.length, 1);
        const text = readFileSync(join(root, 'out', `part-${String(i).padStart(5, '0')}`), 'utf8');
        assert.equal(text, `attempt ${winners[0]}\n`.repeat(1000));
      }
      assert.equal(readdirSync(join(root, 'out')).length, 21);
    });
  });

  test('a part that was never committed stops the commit', () =>
    inTemporary(root => {
      const job = OutputJob.begin(join(root, 'out'), 'dir', 2);
      writePart(job, 1, ['x']);
      assert.throws(() => job.commit(), { code: 'HEDDLE_INTERNAL', message: /partition 0/ });
      job.abort();
      assert.deepEqual(readdirSync(root), []);
    }));

  test('part names keep the order of partitions past 100000', () =>
    inTemporary(root => {
      const job = OutputJob.begin(join(root, 'out'), 'dir', 100_001);
      writePart(job, 7, []);
      writePart(job, 100_000, []);
      assert.deepEqual(readdirSync(job.spec.directory).sort(), ['part-000007', 'part-100000']);
      job.abort();
    }));

  test('a process that is killed leaves no target, only a directory that readers pass over', () =>
    inTemporary(root => {
      const url = (name: string) => JSON.stringify(new URL(`../../lib/storage/${name}.js`, import.meta.url).href);
      const program = `
        const { OutputJob } = await import(${url('output')});
        const { openPart } = await import(${url('part-writer')});
        const job = OutputJob.begin(${JSON.stringify(join(root, 'out'))}, 'dir', 2);
        const part = openPart(job.spec, 0, 0); part.writeLines(['x']); part.commit();
        process.kill(process.pid, 'SIGKILL');`;
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
      assert.notEqual(child.status, 0);
      const names = readdirSync(root);
      assert.equal(names.length, 1, child.stderr);
      assert.match(names[0]!, /^\.out\.heddle-tmp-[0-9a-f]{16}$/);
      assert.throws(() => resolveInputs(root, 'path'), { code: 'HEDDLE_PATH_NOT_FOUND' });
      const again = OutputJob.begin(join(root, 'out'), 'dir', 1);
      writePart(again, 0, ['y']);
      again.commit();
    }));

  test('a disk that fills up is reported by the attempt, which can be removed', () =>
    inTemporary(root => {
      const job = OutputJob.begin(join(root, 'out'), 'dir', 1);
      let room = 1_000_000;
      const full = withFault({
        create: path => {
          const file = localFileSystem.create(path);
          return {
            write: bytes => {
              room -= bytes.length;
              if (room < 0) throw new HeddleError('HEDDLE_IO', `cannot write ${path}: no space is left on the device`, { data: { path } });
              file.write(bytes);
            },
            close: () => file.close(),
          };
        },
      });
      const part = openPart(job.spec, 0, 0, full);
      assert.throws(
        () => {
          for (let i = 0; i < 100; i++) part.writeLines(Array(1000).fill('x'.repeat(30)));
        },
        { code: 'HEDDLE_IO' },
      );
      part.abort();
      assert.deepEqual(readdirSync(job.spec.directory), []);
      job.abort();
    }));

  test(
    'a directory that may not be written is refused at begin, and nothing is left',
    { skip: process.platform === 'win32' ? 'modes do not deny writing here' : false },
    () =>
      inTemporary(root => {
        chmodSync(root, 0o755);
        const program = `
        const { OutputJob } = await import(${JSON.stringify(new URL('../../lib/storage/output.js', import.meta.url).href)});
        if (process.getuid() === 0) { process.setgroups([]); process.setgid(65534); process.setuid(65534); } else require('node:fs').chmodSync(${JSON.stringify(root)}, 0o555);
        for (const path of ['out', 'a/out']) try { OutputJob.begin(${JSON.stringify(root)} + '/' + path, 'dir', 1); console.log('made'); } catch (error) { console.log(error.code, error.message); }`;
        const child = spawnSync(
          process.execPath,
          ['--input-type=module', '-e', program.replace("require('node:fs')", "(await import('node:fs'))")],
          { encoding: 'utf8' },
        );
        chmodSync(root, 0o755);
        const answers = child.stdout.trim().split('\n');
        assert.equal(answers.length, 2, child.stderr);
        for (const answer of answers) assert.match(answer, /^HEDDLE_PATH_DENIED dir: cannot make the directory .*permission denied/);
        assert.deepEqual(readdirSync(root), []);
      }),
  );
});

describe('what is written is read back', () => {
  test('lines of any text, in any batches', () => {
    const line = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }).filter(text => !/[\r\n]/.test(text) && !text.startsWith('\uFEFF')),
      fc.constantFrom('', '\0', '\u2028', 'x'.repeat(90_000), '漢'.repeat(88_000), `${'x'.repeat(87_380)}😀x`),
    );
    inTemporary(root => {
      let count = 0;
      fc.assert(
        fc.property(fc.array(fc.array(line, { maxLength: 8 }), { minLength: 1, maxLength: 4 }), batches => {
          const target = join(root, `out-${count++}`);
          const job = OutputJob.begin(target, 'dir', 1);
          const part = openPart(job.spec, 0, 0);
          for (const batch of batches) part.writeLines(batch);
          part.commit();
          job.commit();
          const files = resolveInputs(target, 'path');
          assert.equal(files[0]!.size, part.bytesWritten);
          const read: string[] = [];
          for (const split of planSplits(files, { partitions: 3, targetBytes: 1 })) {
            const reader = new LineReader(localFileSystem, split);
            for (let lines = reader.next(); lines !== null; lines = reader.next()) read.push(...lines);
          }
          assert.deepEqual(read, batches.flat());
          rmSync(target, { recursive: true });
        }),
        { numRuns: 60 },
      );
    });
  });

  test('text and bytes by write, in order with lines; a text larger than the buffer keeps its characters', () =>
    inTemporary(root => {
      const job = OutputJob.begin(join(root, 'out'), 'dir', 1);
      const part = openPart(job.spec, 0, 0);
      const long = `x${'😀'.repeat(200_000)}`;
      part.writeLines(['one']);
      part.write(Uint8Array.of(0xff, 10));
      part.write(long);
      part.write('');
      part.writeLines([]);
      part.writeLines([long, '\uD800']);
      part.close();
      part.close();
      part.commit();
      assert.throws(() => part.commit(), { code: 'HEDDLE_INTERNAL' });
      part.abort();
      job.commit();
      const expected = Buffer.concat([Buffer.from('one\n'), Buffer.of(0xff, 10), Buffer.from(`${long}${long}\n\uFFFD\n`)]);
      assert.ok(readFileSync(join(root, 'out', 'part-00000')).equals(expected));
      assert.equal(part.bytesWritten, expected.length);
    }));
});
