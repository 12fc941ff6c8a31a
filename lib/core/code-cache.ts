// Loads the CommonJS bundles of this package with the bytecode that V8 made of them before. Compiling them anew is most of
// what a short script, and every thread, would spend on its start.
//
// The cache of a bundle is a file beside it, for one version of Node. It is used only for the very file that it was made
// from, and only if V8 takes it. Where nothing can be written there is none, and everything works as well, only more slowly.
// Node has the like built in (`module.enableCompileCache`) from version 22.1 on.
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { randomName } from './random-name.js';
import { DEFAULT_LOADER } from './script-imports.js';

/** Loaded from source in this thread: whoever has run them for a while can keep what was compiled. */
const compiled: { readonly script: vm.Script; readonly path: string }[] = [];

/** The exports of a bundle. A second call gives the same. */
export function loadOwnBundle<Exports>(file: URL): Exports {
  const path = fileURLToPath(file);
  const require = createRequire(path);
  const loaded = require.cache[path];
  if (loaded !== undefined) return loaded.exports as Exports;
  // Before Node 20.12 a script of node:vm has no `import()` that works.
  if (DEFAULT_LOADER === undefined) return require(path) as Exports;
  const module = { exports: {} as Exports };
  const run = compile(path).runInThisContext() as (this: Exports, ...names: unknown[]) => void;
  require.cache[path] = module as unknown as NodeJS.Module;
  run.call(module.exports, module.exports, require, module, path, dirname(path));
  return module.exports;
}

/** Writes what was compiled so far, the functions that ran included. Does nothing where everything came from a cache. */
export function keepCompiled(): void {
  for (const { script, path } of compiled) {
    const file = cacheFile(path);
    const written = `${file}.${randomName()}`;
    try {
      const head = Buffer.from(headOf(path));
      writeFileSync(written, Buffer.concat([head, script.createCachedData()]));
      renameSync(written, file); // others may be reading the old one
    } catch {
      rmSync(written, { force: true });
    }
  }
}

function compile(path: string): vm.Script {
  const source = `(function (exports, require, module, __filename, __dirname) { ${readFileSync(path, 'latin1')}\n})`;
  const cachedData = readCache(path);
  const script = new vm.Script(source, { filename: path, ...(cachedData === undefined ? {} : { cachedData }) });
  if (cachedData === undefined || script.cachedDataRejected) compiled.push({ script, path });
  return script;
}

function readCache(path: string): Buffer | undefined {
  try {
    const bytes = readFileSync(cacheFile(path));
    const head = Buffer.from(headOf(path));
    return bytes.subarray(0, head.length).equals(head) ? bytes.subarray(head.length) : undefined;
  } catch {
    return undefined;
  }
}

function cacheFile(path: string): string {
  return `${path}.${process.version}-${process.arch}.cache`;
}

/** What tells a bundle from the one that was there before: V8 itself looks at the length of the source only. */
function headOf(path: string): string {
  const { ctimeMs, size, ino } = statSync(path);
  return `${ctimeMs} ${size} ${ino}\n`;
}
