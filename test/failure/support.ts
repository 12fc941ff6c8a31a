// What the tests of failures share: contexts of a few threads, a look at the heap, and scripts in processes of their own.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, afterEach } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Context } from '../../lib/context.js';
import { type ErrorCode, HeddleError } from '../../lib/core/errors.js';
import type { ContextOptions } from '../../lib/core/options.js';
import type { Heap, HeapStats } from '../../lib/shuffle/heap/allocator.js';
import { type Outcome, type Running, startNode } from '../node-process.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
export const MAIN = join(ROOT, 'dist/lib/cli/main.js');
export const EXAMPLES = join(ROOT, 'examples');

export function smallContext(options: ContextOptions = {}): Promise<Context> {
  return Context.create({ threads: 2, memory: '64mb', progress: false, ...options });
}

/** The error of this code that an action rejects with. */
export async function failure(action: Promise<unknown>, code: ErrorCode): Promise<HeddleError> {
  const error = await action.then(
    value => assert.fail(`it resolved with ${String(value)}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof HeddleError, `${String(error)} has no code`);
  assert.equal(error.code, code, error.message);
  return error;
}

/** The heap of a context, which its users never see. */
export function heapOf(sc: Context): Heap {
  return (sc as unknown as { transport: { heap: Heap } }).transport.heap;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects garbage until the heap holds nothing: memory of shuffles goes when their lineage does. */
export async function drainedHeap(sc: Context): Promise<HeapStats> {
  const heap = heapOf(sc);
  for (let turn = 0; turn < 50 && heap.stats().blocks > 0; turn++) {
    collectGarbage();
    await setImmediate();
  }
  heap.verify();
  return heap.stats();
}

/** What the files of a test spill into, with the contexts that do: both are gone, and nothing is left, after each test. */
export class SpillFolder {
  private readonly folder = new Folder();
  private readonly opened: Context[] = [];
  private names = 0;

  constructor() {
    after(() => this.folder.remove());
    afterEach(async () => {
      await Promise.all(this.opened.splice(0).map(sc => sc.stop()));
      assert.deepEqual(this.directories(), []);
    });
  }

  get path(): string {
    return this.folder.path;
  }

  async open(options: ContextOptions = {}): Promise<Context> {
    const sc = await smallContext({ spillDirectory: this.path, ...options });
    this.opened.push(sc);
    return sc;
  }

  /** The spill directories that are there. */
  directories(root: string = this.path): string[] {
    return readdirSync(root).filter(name => name.startsWith('heddle-spill-'));
  }

  /** A path in it that no file has yet. */
  fresh(): string {
    return join(this.path, `file-${this.names++}`);
  }

  appears(name: string): Promise<void> {
    return this.folder.appears(name);
  }

  files(): string[] {
    return this.directories().flatMap(name => readdirSync(join(this.path, name)).map(file => join(this.path, name, file)));
  }
}

/** A folder of its own, from which scripts see heddle and its packages. */
export class Folder {
  // On some systems the temporary folder is a link, and scripts see their real path.
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-failure-')));

  constructor() {
    mkdirSync(join(this.path, 'node_modules'));
    symlinkSync(ROOT, join(this.path, 'node_modules', 'heddle'), 'junction');
    for (const name of ['acorn', 'tsx']) symlinkSync(join(ROOT, 'node_modules', name), join(this.path, 'node_modules', name), 'junction');
    this.put('package.json', '{ "type": "module" }\n');
  }

  put(name: string, text: string): string {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** Runs node with these arguments in the folder. */
  start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    return startNode(this.path, args, env);
  }

  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Outcome> {
    return this.start(args, env).ended;
  }

  /** Resolves when a file of this name is there: how a closure says that it runs. */
  async appears(name: string, by?: Running): Promise<void> {
    const file = join(this.path, name);
    const watcher = watch(dirname(file));
    const gaveUp = by?.ended.then(({ out, err }) => assert.fail(`it ended without making ${name}: ${out}${err}`));
    gaveUp?.catch(() => {});
    try {
      while (!existsSync(file)) {
        const changed = new Promise(resolve => watcher.once('change', resolve));
        await (gaveUp === undefined ? changed : Promise.race([changed, gaveUp]));
      }
    } finally {
      watcher.close();
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** Lines of a test's own source, to tell where its closures were written. */
export class Source {
  readonly name: string;
  constructor(
    compiled: string,
    private readonly lines: readonly string[],
  ) {
    this.name = basename(fileURLToPath(compiled)).replace(/\.js$/, '.ts');
  }

  /** The number, from 1, of the one line with this text. */
  lineOf(text: string): number {
    const at = this.lines.findIndex(line => line.includes(text));
    assert.ok(at >= 0, `no line has ${text}`);
    return at + 1;
  }

  /** The last line up to `line` that has this text. */
  lineBefore(line: number, text: string): number {
    for (let at = line; at > 0; at--) if (this.lines[at - 1]!.includes(text)) return at;
    assert.fail(`no line before ${line} has ${text}`);
  }
}
