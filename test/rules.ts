// The rules that keep the house in order, as a pure function over sources: which folder may import which, where Node's
// sockets, the pool and Atomics may appear, that the scheduler is pure, and a few on the files themselves.

/** A source of lib/: its path from the package's root with forward slashes, and its text. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

// A job flows along this chain, and imports go rightward only. What is not in it puts things together.
const CHAIN = ['rdd', 'plan', 'scheduler', 'transport', 'task', 'shuffle', 'storage', 'codec', 'core'];
// The loop runs the scheduler's commands, by a clock that tests replace. All else there is a pure function of events.
const EFFECTS = ['lib/scheduler/loop.ts', 'lib/scheduler/clock.ts'];
const MOST_LINES = 400;

/** What breaks a rule, one line each: `lib/plan/x.ts: imports lib/rdd/y.ts, to its left`. */
export function violations(sources: readonly Source[]): string[] {
  const found: string[] = [];
  for (const source of sources) {
    const code = withoutComments(source.text);
    const report = (what: string): void => void found.push(`${source.path}: ${what}`);
    const imports = importsOf(code).map(specifier => target(source.path, specifier));
    checkDirection(source.path, imports, report);
    checkPlaces(source.path, imports, withoutText(code), report);
    checkFile(source, code, report);
  }
  return found;
}

type Report = (what: string) => void;

function checkDirection(path: string, imports: readonly string[], report: Report): void {
  const at = CHAIN.indexOf(folderOf(path));
  for (const imported of imports) {
    if (!imported.startsWith('lib/')) {
      if (imported.startsWith('.') || /^(?:workers|test|benchmarks|examples)\//.test(imported)) {
        if (at >= 0) report(`imports ${imported}, which is outside lib/`);
      }
      continue;
    }
    const to = CHAIN.indexOf(folderOf(imported));
    if (at >= 0 && to < 0) report(`imports ${imported}, which puts things together`);
    else if (at >= 0 && to < at) report(`imports ${imported}, to its left`);
    // Progress, reports and the like only fold events, so that the engine runs without them.
    else if (folderOf(path) === 'monitor' && !['monitor', 'core'].includes(folderOf(imported))) report(`imports ${imported}, not an event`);
  }
}

function checkPlaces(path: string, imports: readonly string[], code: string, report: Report): void {
  for (const imported of imports) {
    const name = imported.replace(/^node:/, '');
    if ((name === 'net' || name === 'tls') && !path.startsWith('lib/transport/tcp')) report(`imports ${imported} outside transport/tcp`);
    if (/^piscina(?:\/|$)/.test(name) && !path.startsWith('lib/transport/local')) report('imports piscina outside transport/local');
  }
  if (/\bAtomics\b/.test(code) && !/^lib\/shuffle\/(?:heap|ring|wait)(?:\/|[.-])/.test(path)) {
    report('uses Atomics outside the heap, ring and wait files of shuffle');
  }
  if (!path.startsWith('lib/scheduler/')) return;
  for (const imported of imports) if (!imported.startsWith('lib/')) report(`imports ${imported}, but the scheduler is pure`);
  if (EFFECTS.includes(path)) return;
  const impure =
    /\b(?:Date\b|performance\b|process\b|setTimeout|setInterval|setImmediate|queueMicrotask|Promise\b|async\b|await\b|Math\.random)/.exec(
      code,
    );
  if (impure !== null) report(`uses ${impure[0]}, but the scheduler is pure`);
}

function checkFile({ path, text }: Source, code: string, report: Report): void {
  if (/^\s*export\s+default\b|\bas\s+default\b/m.test(withoutText(code))) report('has a default export');
  if (/(?:^|\/)utils?\.ts$/.test(path)) report('is called after nothing in particular');
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (lines > MOST_LINES) report(`has ${lines} lines, more than ${MOST_LINES}`);
}

/** The folder of lib/ that a path is in; empty for a file of lib/ itself. */
function folderOf(path: string): string {
  return /^lib\/([^/]+)\//.exec(path)?.[1] ?? '';
}

/** Every specifier that a source imports, for types or values, at once or later; createRequire(...)('x') counts too. */
function importsOf(code: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*|\bimport\s*\(\s*|\brequire\s*\)?\s*\(\s*|\)\s*\(\s*)(?:'([^'\n]+)'|"([^"\n]+)")/g;
  return Array.from(code.matchAll(pattern), match => (match[1] ?? match[2])!);
}

/** What a specifier stands for: a path from the root with .ts, or the specifier of a package. */
function target(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..' && parts.length > 0) parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}

// One pass over tokens in which a quote, a comment or a regular expression may begin. A slash begins a regular expression
// where no value can end before it.
const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=(?:^|[(,=:[!&|?{};>]|\breturn)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;

function withoutComments(text: string): string {
  return text.replace(TOKEN, token => (token.startsWith('//') || token.startsWith('/*') ? ' ' : token));
}

/** Code alone: what is quoted, templates and regular expressions are empty. What is inside a template's ${} counts as code. */
function withoutText(code: string): string {
  return code.replace(TOKEN, token => {
    if (token[0] === '/') return '/x/';
    if (token[0] !== '`') return "''";
    return `\`\`${Array.from(token.matchAll(/\$\{([^}]*)\}/g), match => ` ${match[1]} `).join('')}`;
  });
}
