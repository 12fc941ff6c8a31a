// Where the peers live on this machine, and how they get there: a folder with the Python environment, the compiled
// programs and the generated text. Nothing is installed unless it is asked for.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture } from './capture.js';

/** The versions that the figures in the documentation speak of. */
export const PINNED = { pyspark: '4.3.0', duckdb: '2.0.0', polars: '2.1.0' } as const;
export type PythonPeer = keyof typeof PINNED;

/** The folder of the package: two above dist/benchmarks, whether or not this file is the compiled one. */
export const PACKAGE_ROOT = findRoot(dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('the benchmarks run from a checkout of the package: no package.json above this file');
  return findRoot(parent);
}

/** A source of a peer's program; compiled TypeScript lies in dist, these stay where they were written. */
export function anchorSource(name: string): string {
  return join(PACKAGE_ROOT, 'benchmarks', 'anchors', name);
}

export function cacheFolder(env: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (env.HEDDLE_BENCH_CACHE) return env.HEDDLE_BENCH_CACHE;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'heddle-anchors');
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local'), 'heddle-anchors');
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'heddle-anchors');
}

export function venvPython(cache: string): string {
  return process.platform === 'win32' ? join(cache, 'venv', 'Scripts', 'python.exe') : join(cache, 'venv', 'bin', 'python');
}

/** What of the pinned packages is missing, as a reason; null when all of `wanted` is there. */
export async function missingPackages(cache: string, wanted: readonly PythonPeer[]): Promise<string | null> {
  const python = venvPython(cache);
  if (!existsSync(python)) return `not installed: npm run bench -- --peers installs the peers into ${cache}`;
  const installed = await pythonVersions(cache);
  if (typeof installed === 'string') return installed;
  const missing = wanted.filter(name => installed[name] !== PINNED[name]);
  return missing.length === 0 ? null : `${missing.map(name => `${name} ${PINNED[name]}`).join(', ')} not installed (--peers installs it)`;
}

/** The installed versions by package name, or what went wrong. */
export async function pythonVersions(cache: string): Promise<Record<string, string | null> | string> {
  const { output, failure } = await capture(venvPython(cache), [anchorSource('frames.py'), 'versions']);
  return failure ?? (JSON.parse(output) as Record<string, string | null>);
}

const ALL_PEERS = Object.keys(PINNED) as PythonPeer[];

/** Installs pinned packages from PyPI into the cache folder. Gives the reason when that cannot be done. */
export async function installPeers(
  cache: string,
  log: (line: string) => void,
  wanted: readonly PythonPeer[] = ALL_PEERS,
): Promise<string | null> {
  if ((await missingPackages(cache, wanted)) === null) return null;
  mkdirSync(cache, { recursive: true });
  const python = process.platform === 'win32' ? 'python' : 'python3';
  if (!existsSync(venvPython(cache))) {
    log(`making a Python environment in ${cache}`);
    const made = await capture(python, ['-m', 'venv', join(cache, 'venv')]);
    if (made.failure !== null) {
      rmSync(join(cache, 'venv'), { recursive: true, force: true }); // half of one would be taken for a whole one
      return `no Python environment: ${made.failure}`;
    }
  }
  const packages = wanted.map(name => `${name}==${PINNED[name]}`);
  log(`installing ${packages.join(' ')} (some hundred MB each)`);
  const installed = await capture(venvPython(cache), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages]);
  return installed.failure === null ? null : `pip could not install the peers: ${installed.failure}`;
}

/**
 * A file or folder built from a source once, and again whenever the source or `salt` changes. `build` writes to the path
 * it is given and tells why it failed; the result gets its name only when it is complete.
 */
export async function buildOnce(
  cache: string,
  source: string,
  salt: string,
  build: (target: string) => Promise<string | null>,
): Promise<{ path: string } | { failure: string }> {
  const hash = createHash('sha256')
    .update(salt)
    .update(readFileSync(anchorSource(source)))
    .digest('hex')
    .slice(0, 12);
  const path = join(cache, `${source.split('.')[0]}-${hash}`);
  if (existsSync(path)) return { path };
  mkdirSync(cache, { recursive: true });
  const part = `${path}.${process.pid}.part`;
  const failure = await build(part);
  if (failure !== null) {
    rmSync(part, { recursive: true, force: true });
    return { failure };
  }
  try {
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    if (!existsSync(path)) throw error; // else another run built the same in the meantime
  }
  return { path };
}
