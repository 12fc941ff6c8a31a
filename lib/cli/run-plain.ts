// Runs plain scripts (plain-script.ts) without module hooks: in Node 20 and 22 these run in a thread of their own, which takes longer
// to start than all the rest of a short script.
//
// A module whose code is given as text, instead of being read, can be made by `require` of an ES module alone, and `require`
// waits for no module. So each ends in an `await`: it is linked then, but not run, and `import()` finds it, and runs it as any
// other. What was found out of a script is kept in the user's folder of temporary files, as tsx keeps what it compiles.
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { builtFile } from '../core/places.js';
import { randomName } from '../core/random-name.js';
import { examine, type Finding, isAsFound } from './plain-script.js';

const KEPT_MS = 30 * 24 * 3600 * 1000;

/** Whether the modules of a script are linked, and `import()` will run it. If not, nothing has been done. */
export async function linkPlain(script: string): Promise<boolean> {
  if (!isPossible()) return false;
  const finding = await findingOf(script);
  if (!finding.isPlain) return false;
  process.setSourceMapsEnabled(true);
  for (const { path, code } of finding.modules) if (!link(path, code)) return false;
  return true;
}

interface Compiler {
  filename: string;
  /** The format: in every Node that can require ES modules. */
  _compile(code: string, path: string, format: 'module'): unknown;
}

/** Flags and variables may bring other loaders, or change what tsx does. */
function isPossible(): boolean {
  const { NODE_OPTIONS, NODE_V8_COVERAGE, TSX_TSCONFIG_PATH } = process.env;
  const flags = `${NODE_OPTIONS ?? ''} ${process.execArgv.join(' ')}`;
  const canRequire = (process.features as { require_module?: boolean }).require_module === true;
  return (
    canRequire && !NODE_V8_COVERAGE && !TSX_TSCONFIG_PATH && !/(?:^|\s)(?:-r|--(?:import|require|loader|experimental|no-))/.test(flags)
  );
}

function link(path: string, code: string): boolean {
  const module = new Module(path) as unknown as Compiler;
  module.filename = path;
  try {
    module._compile(code, path, 'module');
  } catch (error) {
    return (error as { code?: unknown }).code === 'ERR_REQUIRE_ASYNC_MODULE';
  }
  return true;
}

async function findingOf(script: string): Promise<Finding> {
  const file = keptFile(script);
  const key = keyOf(script);
  const kept = file === undefined ? undefined : readKept(file, key);
  if (kept !== undefined && isAsFound(kept)) return kept;
  const finding = await examine(script);
  if (file !== undefined) keep(file, { key, finding });
  return finding;
}

interface Kept {
  readonly key: string;
  readonly finding: Finding;
}

/** What the finding depends on beside the script's files. */
function keyOf(script: string): string {
  const { ctimeMs, size } = statSync(builtFile('lib/cli/plain-script.js'));
  return `${script} ${process.version} ${ctimeMs} ${size}`;
}

function readKept(file: string, key: string): Finding | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    return kept.key === key ? kept.finding : undefined;
  } catch {
    return undefined;
  }
}

function keep(file: string, kept: Kept): void {
  const written = `${file}.${randomName()}`;
  try {
    writeFileSync(written, JSON.stringify(kept), { mode: 0o600 });
    renameSync(written, file); // others may be reading the old one
    forgetOld(dirname(file));
  } catch {
    // Then the next one finds it out again.
  }
}

/** Removes what has been of no use for long. */
function forgetOld(folder: string): void {
  const due = Date.now() - KEPT_MS;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs < due) rmSync(path, { force: true });
  }
}

/** In a folder that nobody else can write into: what is in it is run. Undefined where there cannot be one. */
function keptFile(script: string): string | undefined {
  const uid = process.getuid?.();
  const folder = join(tmpdir(), uid === undefined ? 'heddle-scripts' : `heddle-scripts-${uid}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = lstatSync(folder);
    if (!stats.isDirectory() || (uid !== undefined && (stats.uid !== uid || (stats.mode & 0o022) !== 0))) return undefined;
  } catch {
    return undefined;
  }
  // Two scripts may have one name there: a key tells them apart.
  return join(folder, `${script.replace(/[^\w.-]/g, '_').slice(-200)}.json`);
}
