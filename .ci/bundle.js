// Bundles what is loaded at the start of a script, and of each of its threads, from the modules that tsc has made.
//
//   index.js         the package's own door, and ring.js, the door of heddle/ring
//   engine.cjs       the engine behind it, with the packages that every job needs; engine.js loads it
//   run.js           heddle run
//   pool.cjs         the pool of threads, with the package that makes it
//   task-thread.cjs  what a thread runs; thread.cjs, which the pool loads, loads it
//   executor.js      an executor process of a driver on the same machine
//   errors.cjs       the errors, which door and engine share, because scripts ask `instanceof HeddleError`
//
// What is large is CommonJS: only of that can a program keep the bytecode (lib/core/code-cache.ts).
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const common = {
  absWorkingDir: dist,
  outdir: 'lib/bundle',
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: true,
  sourcesContent: false,
  allowOverwrite: true,
  logLevel: 'warning',
};
// Rarely needed, or found by Node's own means.
const external = ['tsx', 'tinyglobby', 'fastest-levenshtein', '@napi-rs/nice'];

const sharedErrors = {
  name: 'shared errors',
  setup: ({ onResolve }) => onResolve({ filter: /\/errors\.js$/ }, shared),
};

/** core/errors.js, and no other file of that name. */
function shared({ path, importer }) {
  const target = fileURLToPath(new URL(path, `file://${importer.replaceAll('\\', '/')}`));
  return target === `${dist}lib/core/errors.js` ? { path: './errors.cjs', external: true } : undefined;
}

const engineBehindDoor = {
  name: 'engine behind the door',
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/context\.js$/ }, () => ({ path: './engine.js', external: true })),
};

const poolOfItsOwn = {
  name: 'pool of its own',
  setup: ({ onResolve }) => onResolve({ filter: /\/pool\.js$/ }, () => ({ path: './pool.cjs', external: true })),
};

const oneUsageError = {
  name: 'one usage error',
  setup: ({ onResolve }) => onResolve({ filter: /^\.\/usage-error\.js$/ }, () => ({ path: '../cli/usage-error.js', external: true })),
};

const esm = { ...common, format: 'esm', packages: 'external' };
const cjs = {
  ...common,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  external,
  define: { 'import.meta.url': '__url' },
  banner: { js: 'const __url = require("node:url").pathToFileURL(__filename).href;' },
};
// The pool looks for its worker beside itself: in its package, not in the bundle.
const withPool = {
  ...cjs,
  define: { ...cjs.define, __dirname: '__poolFolder' },
  banner: { js: `${cjs.banner.js} const __poolFolder = require("node:path").dirname(require.resolve("piscina"));` },
};

await Promise.all([
  build({ ...esm, entryPoints: { index: 'lib/index.js', engine: 'lib/engine.js' }, plugins: [engineBehindDoor, sharedErrors] }),
  build({ ...esm, entryPoints: { ring: 'lib/shuffle/ring/ring.js' } }),
  build({ ...esm, entryPoints: { executor: 'workers/executor.js' } }),
  build({ ...cjs, entryPoints: { errors: 'lib/core/errors.js' } }),
  build({ ...esm, entryPoints: { run: 'lib/cli/run.js' }, plugins: [oneUsageError] }),
  build({ ...withPool, entryPoints: { pool: 'lib/early.js' }, plugins: [sharedErrors] }),
  build({ ...cjs, entryPoints: { engine: 'lib/context.js' }, plugins: [sharedErrors, poolOfItsOwn] }),
  build({ ...cjs, entryPoints: { thread: 'workers/thread.js' } }),
  build({ ...cjs, entryPoints: { 'task-thread': 'workers/task-thread.js' }, external: [...external, 'piscina'] }),
]);
