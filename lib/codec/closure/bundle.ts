// On the driver: modules as one text that needs no file where it runs. esbuild puts them, and what they import in turn, behind
// functions, so each is evaluated when it is first asked for, once; whoever imports it gets the same instance. What executors
// have themselves stays outside: modules of Node.js, and Heddle, whose place is known only there.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BuildFailure, BuildOptions, Message } from 'esbuild';
import { type ModuleUse, PACKAGE, useKey } from './bundled.js';

export interface Bundle {
  /** Of the text: its name in stack traces. */
  readonly hash: string;
  /** An ECMAScript module; its default export has a function for each use. */
  readonly text: string;
  /** Bytes of the text. */
  readonly bytes: number;
  /** The source map, as JSON; its sources are URLs. */
  readonly map: string;
}

/** A bundle, or why a module of these cannot be in one. */
export type Bundling = { readonly bundle: Bundle } | { readonly failure: string };

/** Bundles what the script at URL `parent` asks for. */
export function bundle(parent: string, uses: readonly ModuleUse[]): Bundling {
  const url = parent.startsWith('file:') ? parent : pathToFileURL(`${process.cwd()}/[eval]`).href;
  const folder = dirname(fileURLToPath(url));
  try {
    const [text, map] = build(url, folder, uses);
    const hash = loadNow<typeof import('node:crypto')>('node:crypto').createHash('sha256').update(text).digest('hex').slice(0, 16);
    return { bundle: { hash, text, bytes: Buffer.byteLength(text), map: withUrls(map, folder) } };
  } catch (error) {
    const [first] = (error as Partial<BuildFailure>).errors ?? [];
    if (first === undefined) throw error;
    return { failure: describe(first, folder) };
  }
}

function build(url: string, folder: string, uses: readonly ModuleUse[]): [text: string, map: string] {
  const { buildSync } = loadNow<typeof import('esbuild')>('esbuild');
  const entries = uses.map(use => `${JSON.stringify(useKey(use))}: () => ${use.way}(${JSON.stringify(use.specifier)}),`);
  const options: BuildOptions = {
    // As an ECMAScript module of TypeScript: './part.js' may be part.ts, and the default of a CommonJS module is its exports.
    stdin: { contents: `export default {\n${entries.join('\n')}\n};`, resolveDir: folder, sourcefile: 'heddle-modules.mts', loader: 'ts' },
    absWorkingDir: folder,
    outfile: 'heddle-modules.js',
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // As Node.js resolves: 'module' is a condition of bundlers only.
    conditions: [],
    alias: { heddle: PACKAGE },
    external: [PACKAGE, `${PACKAGE}/*`],
    define: { 'import.meta.url': '__heddle_url', 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' },
    banner: { js: bannerOf(url) },
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
  };
  const { outputFiles } = buildSync(options as BuildOptions & { write: false });
  const textOf = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))!.text;
  return [textOf('.js'), textOf('.map')];
}

/** What only contexts with executors need, and takes long to load. */
function loadNow<T>(name: string): T {
  return createRequire(import.meta.url)(name) as T;
}

/** What a file knows of itself: it has none, so it is what the script knows of itself, on the driver. */
function bannerOf(url: string): string {
  const path = fileURLToPath(url);
  const names = { __heddle_url: url, __filename: path, __dirname: dirname(path) };
  const consts = Object.entries(names).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  // Of no file either: it finds the modules of Node.js.
  return `import{createRequire as __heddle_require}from'node:module';const ${consts.join()},require=__heddle_require(process.execPath);`;
}

function withUrls(map: string, folder: string): string {
  const { sources, ...rest } = JSON.parse(map) as { sources: string[] };
  const base = pathToFileURL(`${folder}/`);
  return JSON.stringify({ ...rest, sources: sources.map(source => new URL(source, base).href) });
}

function describe({ text, location }: Message, folder: string): string {
  if (location === null || location.file === 'heddle-modules.mts') return text;
  return `${text} (${fileURLToPath(new URL(location.file, pathToFileURL(`${folder}/`)))}:${location.line}:${location.column + 1})`;
}
