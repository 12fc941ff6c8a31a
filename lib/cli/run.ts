// `heddle run SCRIPT [ARGS...]`: runs a script in this process, as `node SCRIPT ARGS` would, TypeScript included.
// Everything after SCRIPT is the script's own. Errors, signals and the exit code are left to Node and to the script, so
// that they are what they would be without the command: a Ctrl-C reaches the handlers that the script's Context installs.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import { basename, dirname, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { keepCompiled, loadOwnBundle } from '../core/code-cache.js';
import { builtFile } from '../core/places.js';
import { registerCommonJsLoader, registerLoader } from './loader.js';
import { isTypeScript, moduleKind } from './module-kind.js';
import { linkPlain } from './run-plain.js';
import { UsageError } from './usage-error.js';

/** Runs the script. Resolves when its module has run; it may still have work to do in the background. */
export async function runScript(script: string, scriptArguments: readonly string[]): Promise<void> {
  const path = await findScript(script);
  const kind = moduleKind(path);
  if (kind === undefined) {
    throw new UsageError(`${script} is neither JavaScript nor TypeScript (.js, .mjs, .cjs, .jsx, .ts, .mts, .cts, .tsx)`);
  }
  process.argv = [process.argv[0]!, path, ...scriptArguments];
  await loadEngine(path);
  const isReady = kind === 'module' && isTypeScript(path) && (await linkPlain(path));
  if (!isReady) registerLoader({ typescript: isTypeScript(path) });
  if (kind === 'module') {
    // A process that waits for nothing but a top-level await ends, with 13 for an exit code that only a listener sees.
    const warn = (): void => {
      if (process.exitCode === 13) process.stderr.write(`heddle: ${script} ended while a top-level await was still waiting\n`);
    };
    process.once('exit', warn);
    await import(pathToFileURL(path).href);
    process.removeListener('exit', warn);
  } else {
    registerCommonJsLoader();
    // Not import(): a script asks `require.main === module` whether it is the one that was started.
    Module.runMain(path);
  }
}

/**
 * Starts the threads of a script that names this package, and meanwhile loads what it is going to load, before there are hooks
 * that each of its modules would have to pass. A script that has a package of its own by that name loads that.
 */
async function loadEngine(script: string): Promise<void> {
  if (!/['"]heddle['"]/.test(readFileSync(script, 'utf8'))) return;
  const own = fileURLToPath(builtFile('lib/bundle/index.js'));
  try {
    if (createRequire(script).resolve('heddle') !== own) return;
  } catch {
    // Not in the script's own folders: the hooks will give it this one.
  }
  loadOwnBundle<typeof import('../early.js')>(builtFile('lib/bundle/pool.cjs')).expectContext();
  process.once('exit', keepCompiled);
  await import(builtFile('lib/bundle/engine.js').href);
}

async function findScript(script: string): Promise<string> {
  const path = resolve(script);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`there is no script ${script}: ${await explainMissing(path)}`);
  if (!stats.isFile()) throw new UsageError(`${script} is not a script but a ${stats.isDirectory() ? 'folder' : 'special file'}`);
  return path;
}

async function explainMissing(path: string): Promise<string> {
  let names: string[];
  try {
    names = readdirSync(dirname(path));
  } catch {
    return `there is no folder ${dirname(path)}`;
  }
  const scripts = names.filter(name => /\.(?:[cm]?[jt]s|[jt]sx)$/.test(name));
  // Loaded here because only mistakes need it.
  const { nearest } = await import('../core/nearest.js');
  const withoutExtension = scripts.find(name => name.slice(0, -extname(name).length) === basename(path));
  const meant = withoutExtension ?? nearest(basename(path), scripts);
  if (meant !== undefined) return `did you mean ${resolve(dirname(path), meant)}?`;
  return scripts.length === 0 ? `there is no script at all in ${dirname(path)}` : `nothing in ${dirname(path)} has such a name`;
}
