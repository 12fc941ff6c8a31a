// Whether a script is an ES module or CommonJS, decided before it is loaded.
//
// Extensions and the nearest package.json decide as everywhere in Node. In a folder where neither says anything, syntax
// decides: a script in a bare folder may use `import` and top-level await, as an ES module. One that uses CommonJS's own
// names stays CommonJS, whatever else is in it, because those names would not exist otherwise.
import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

export type ModuleKind = 'module' | 'commonjs';

const TYPESCRIPT = /\.(?:[cm]?ts|tsx)$/;

export function isTypeScript(path: string): boolean {
  return TYPESCRIPT.test(path);
}

/** The kind of the script at `path`, or undefined when it is neither JavaScript nor TypeScript. Throws if it cannot be read. */
export function moduleKind(path: string): ModuleKind | undefined {
  switch (extname(path)) {
    case '.mjs':
    case '.mts':
      return 'module';
    case '.cjs':
    case '.cts':
      return 'commonjs';
    case '.js':
    case '.jsx':
    case '.ts':
    case '.tsx':
      return declaredKind(dirname(path)) ?? kindOfSource(readFileSync(path, 'utf8'));
    default:
      return undefined;
  }
}

/** What the "type" of the nearest package.json says; undefined when there is none or it says nothing. */
function declaredKind(folder: string): ModuleKind | undefined {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { type } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { type?: unknown };
      return type === 'module' || type === 'commonjs' ? type : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
    }
    // A package ends at its node_modules, and the search at the root.
    if (at.endsWith('node_modules') || dirname(at) === at) return undefined;
  }
}

const COMMONJS = /\brequire\s*(?:\(|\.main\b)|\bmodule\.exports\b|^\s*exports\.|\b__(?:dirname|filename)\b/m;
const MODULE = /^\s*(?:import\b\s*(?:[\w$*{'"]|type\b)|export\b\s*[\w$*{])|\bimport\.meta\b/m;
// At the start of a line: inside a function it would be indented.
const TOP_LEVEL_AWAIT = /^(?:await\b|for\s+await\b|(?:const|let|var)\b[^=\n]*=\s*\(?await\b)/m;

/** The kind that the syntax of a source asks for. Looks at lines, not at a syntax tree, so that a large script costs nothing. */
export function kindOfSource(source: string): ModuleKind {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  if (TOP_LEVEL_AWAIT.test(code)) return 'module';
  return MODULE.test(code) && !COMMONJS.test(code) ? 'module' : 'commonjs';
}
