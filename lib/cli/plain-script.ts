// Plain scripts: ES modules in TypeScript whose imports are their own files, this package's door and what Node has built in.
// These need no module hooks to run (run-plain.ts), only their types taken out, by the compiler and with the options that tsx uses.
//
// Whatever could come out in another way than under the hooks is not plain: a file under another name than its own, or the one that
// tsc gives it, a package, a tsconfig.json that says anything about this, a name that the imported module does not have, a cycle.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Program } from 'estree';
import { builtFile } from '../core/places.js';
import { moduleKind } from './module-kind.js';
import { dynamicImports, exportsOf, staticImports } from './module-names.js';

/** What a script was found to be, with all that this depends on. */
export interface Finding {
  readonly isPlain: boolean;
  /** Each after those that it imports. */
  readonly modules: readonly PlainModule[];
  /** Files that would be imported instead of others, if they were there. */
  readonly absent: readonly string[];
  /** What `import()` is given, where it is a package. */
  readonly packages: readonly { readonly from: string; readonly specifier: string }[];
  /** What the hooks would read, from the working directory on. */
  readonly tsconfig: { readonly path: string; readonly text: string } | null;
}

export interface PlainModule {
  readonly path: string;
  readonly source: string;
  /** Without types, and with a source map; empty where the script is not plain. */
  readonly code: string;
}

/** Modules that load other modules, or start what does. */
const LOADERS = /^(?:node:)?(?:module|worker_threads|vm|repl|test|cluster)(?:\/|$)/;
/** Other files, or other names for files, would count as well. */
const REDIRECTS = /"(?:extends|paths|baseUrl|rootDirs|references|moduleSuffixes|allowImportingTsExtensions)"/;
const OWN_IMPORT = /^\.{1,2}\/[^?#%]*\.m?[jt]s$/;
const DOOR = fileURLToPath(builtFile('lib/bundle/index.js'));

/** As tsx has them, except that statements keep their lines. */
const TSX_OPTIONS = {
  target: `node${process.versions.node}`,
  loader: 'ts',
  format: 'esm',
  sourcemap: 'external',
  sourcesContent: false,
  keepNames: true,
} as const;

/** Not plain, and no more is to be known. */
class NotPlain extends Error {}

/** Looks at a script, and at the modules that it imports. */
export async function examine(entry: string): Promise<Finding> {
  const { parse } = await import('acorn');
  const tsconfig = findTsconfig();
  const seen: { path: string; source: string; code: string }[] = [];
  const modules: PlainModule[] = [];
  const absent: string[] = [];
  const packages: { from: string; specifier: string }[] = [];
  const exported = new Map<string, ReadonlySet<string> | undefined>();
  const { transformSync } = await import('esbuild');

  const compile = (path: string, source: string): string => {
    const strip = (tsconfigRaw: string): string => {
      const { code, map } = transformSync(source, { ...TSX_OPTIONS, sourcefile: path, tsconfigRaw });
      return `${code}\nawait 0;\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`;
    };
    const code = strip('{}');
    // Whether it is about this file depends on more than is looked at here.
    if (tsconfig !== null && strip(tsconfig.text) !== code) throw new NotPlain();
    return code;
  };

  const visit = async (path: string): Promise<void> => {
    if (exported.has(path)) {
      if (exported.get(path) === undefined) throw new NotPlain(); // a cycle
      return;
    }
    exported.set(path, undefined);
    const module = { path, source: readFileSync(path, 'utf8'), code: '' };
    seen.push(module);
    if (!isOrdinaryFile(path)) throw new NotPlain();
    let code = compile(path, module.source);
    const program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true }) as unknown as Program;
    if (/\bimport\s*\.\s*meta\s*\.\s*(?:resolve|main)\b/.test(code)) throw new NotPlain();
    for (const specifier of dynamicImports(program)) {
      if (specifier === undefined) throw new NotPlain();
      if (isBuiltin(specifier) && !LOADERS.test(specifier)) continue;
      if (!isFoundPackage(path, specifier)) throw new NotPlain();
      packages.push({ from: path, specifier });
    }
    const edits: { at: number; end: number; text: string }[] = [];
    for (const { source, names, isRelayed } of staticImports(program)) {
      const specifier = String(source.value);
      let known: ReadonlySet<string>;
      if (specifier === 'heddle') {
        if (!isOwnDoor(path)) throw new NotPlain();
        known = new Set(Object.keys((await import(builtFile('lib/bundle/index.js').href)) as object));
      } else if (isBuiltin(specifier)) {
        if (LOADERS.test(specifier)) throw new NotPlain();
        known = new Set(['default', ...Object.keys(createRequire(path)(specifier) as object)]);
      } else {
        const target = ownFile(path, specifier, absent);
        await visit(target);
        known = exported.get(target)!;
        const text = specifier.slice(0, -extname(target).length) + extname(target);
        const { start, end } = source as unknown as { start: number; end: number };
        edits.push({ at: start, end, text: JSON.stringify(text) });
      }
      if (isRelayed || names.some(name => !known.has(name))) throw new NotPlain();
    }
    for (const { at, end, text } of edits.reverse()) code = code.slice(0, at) + text + code.slice(end);
    exported.set(path, exportsOf(program));
    modules.push({ ...module, code });
  };

  try {
    if (tsconfig !== null && REDIRECTS.test(tsconfig.text)) throw new NotPlain();
    await visit(entry);
    return { isPlain: true, modules, absent, packages, tsconfig };
  } catch {
    // Its syntax may be wrong, a file missing: the hooks say so as they have always done.
    return { isPlain: false, modules: seen, absent, packages, tsconfig };
  }
}

/** Whether all is still as it was found. */
export function isAsFound({ modules, absent, packages, tsconfig, isPlain }: Finding): boolean {
  const now = findTsconfig();
  if (now?.path !== tsconfig?.path || now?.text !== tsconfig?.text) return false;
  if (absent.some(path => existsSync(path))) return false;
  for (const { path, source } of modules) {
    if (!existsSync(path) || readFileSync(path, 'utf8') !== source) return false;
    if (isPlain && !isOrdinaryFile(path)) return false;
    if (isPlain && /['"]heddle['"]/.test(source) && !isOwnDoor(path)) return false;
  }
  return packages.every(({ from, specifier }) => isFoundPackage(from, specifier));
}

/** An ES module in TypeScript, under its own name. */
function isOrdinaryFile(path: string): boolean {
  return /\.m?ts$/.test(path) && !path.includes(`${sep}node_modules${sep}`) && realpathSync(path) === path && moduleKind(path) === 'module';
}

/** The TypeScript file that an import of a file means. */
function ownFile(from: string, specifier: string, absent: string[]): string {
  if (!OWN_IMPORT.test(specifier)) throw new NotPlain();
  const named = resolve(dirname(from), specifier);
  if (/ts$/.test(named)) return named;
  // What is there in both ways is told apart by rules that are not repeated here.
  if (existsSync(named)) throw new NotPlain();
  absent.push(named);
  return named.replace(/js$/, 'ts');
}

function isOwnDoor(from: string): boolean {
  return resolvedFrom(from, 'heddle') === DOOR;
}

/** Whether `import()` finds a package, with code that needs no hooks. */
function isFoundPackage(from: string, specifier: string): boolean {
  if (/^(?:[./]|[a-z]+:|heddle(?:\/|$))/.test(specifier)) return false;
  const path = resolvedFrom(from, specifier);
  return path?.includes(`${sep}node_modules${sep}`) === true && /\.[cm]?js$/.test(path);
}

function resolvedFrom(from: string, specifier: string): string | undefined {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return undefined;
  }
}

/** The nearest one of the working directory and those above. */
function findTsconfig(): Finding['tsconfig'] {
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json');
    if (existsSync(path)) return { path, text: readFileSync(path, 'utf8') };
    if (dirname(folder) === folder) return null;
  }
}
