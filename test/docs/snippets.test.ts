// Every ```ts and ```js block of the documents is a script: it is type-checked, and run by the heddle command in a folder
// of its own, under the name script.ts or script.js, with the files of docs/data in docs/data and two threads. The package is among
// the folder's node_modules, as in a project.
//
// Conventions, all visible in the document:
// - A block is complete as it stands, unless its first line is `// with sc`: that line stands for the import of Context and
//   for `await using sc = await Context.create()`.
// - `// prints TEXT`, behind a statement or on a line of its own, is one line of the output. A block with such comments
//   prints exactly these lines, in this order. TEXT that ends in ` ...` stands for any line that begins so.
// - A block marked `no-run` is only type-checked, and has the reason in front of it: `<!-- no-run: REASON -->`.
// - In ```sh blocks, what is said of npm scripts, of compiled files and of examples must be there.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { globSync } from 'tinyglobby';
import { Context } from '../../lib/context.js';
import { OPTION_NAMES } from '../../lib/core/options.js';
import { RDD } from '../../lib/rdd/rdd.js';
import { type Block, blocksOf, fileLinksOf } from './markdown.js';

// This file is compiled to dist/test/docs/.
const root = fileURLToPath(new URL('../../../', import.meta.url));
const documents = globSync(['README.md', 'CONTRIBUTING.md', 'docs/**/*.md', 'native-shuffle/README.md'], {
  cwd: root,
})
  .map(path => path.replaceAll('\\', '/'))
  .sort();
const textOf = (document: string) => readFileSync(join(root, document), 'utf8');
const blocks = documents.flatMap(document => blocksOf(document, textOf(document)));
const scripts = blocks.filter(block => block.language === 'ts' || block.language === 'js');
const commands = blocks.filter(block => block.language === 'sh').flatMap(block => block.text.trim().split('\n'));

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-docs-')));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'node_modules'));
symlinkSync(root, join(folder, 'node_modules', 'heddle'), 'junction');

// On one line, so that a line of the script is the line of the block.
const WITH_SC = '// with sc\n';
const PREFACE = "import { Context } from 'heddle'; await using sc = await Context.create();\n";

function scriptOf({ text }: Block): string {
  return text.startsWith(WITH_SC) ? PREFACE + text.slice(WITH_SC.length) : text;
}

/** Writes a block's script, named in a folder of its own. */
function put(block: Block, place: string): string {
  const file = join(folder, place, block.document.replaceAll('/', '-'), String(block.line), `script.${block.language}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, scriptOf(block));
  return file;
}

function promised({ text }: Block): string[] {
  return Array.from(text.matchAll(/\/\/ prints (.+)$/gm), match => match[1]!);
}

const nameOf = ({ document, line }: Block) => `${document}:${line}`;

describe('snippets run', () => {
  for (const block of scripts) {
    if (block.marks.includes('no-run')) continue;
    test(nameOf(block), () => {
      const script = put(block, 'run');
      const cwd = dirname(script);
      cpSync(join(root, 'docs/data'), join(cwd, 'docs/data'), { recursive: true });
      const inherited = Object.entries(process.env).filter(([name]) => !/^(?:NODE_OPTIONS|NODE_V8_COVERAGE|HEDDLE_.*)$/i.test(name));
      const env = { ...Object.fromEntries(inherited), HEDDLE_THREADS: '2', HEDDLE_MEMORY: '256mb' };
      const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/lib/cli/main.js'), 'run', script], {
        cwd,
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      assert.equal(status, 0, `${nameOf(block)}: ${stderr}`);
      const expected = promised(block);
      if (expected.length === 0) return;
      const printed = stdout.replace(/\n$/, '').split('\n');
      const matched = printed.map((line, i) => {
        const promise = expected[i] ?? '';
        return promise.endsWith(' ...') && line.startsWith(promise.slice(0, -4)) ? promise : line;
      });
      assert.deepEqual(matched, expected, nameOf(block));
    });
  }
});

describe('snippets', () => {
  test('are there', () => {
    assert.ok(documents.includes('README.md'));
    assert.ok(scripts.length >= 10, `only ${scripts.length} blocks in ${documents.join(', ')}`);
  });

  test('that are not run say why, and have no other marks', () => {
    for (const block of scripts) {
      const { marks, reason } = block;
      if (marks.length === 0) assert.equal(reason, undefined, `${nameOf(block)} is run in spite of its reason`);
      else assert.deepEqual(marks, ['no-run'], nameOf(block));
      if (marks.length > 0) assert.ok(reason, `${nameOf(block)} has no reason before it`);
    }
  });

  test('pass the strict type checker, in one program', () => {
    const files = scripts.map(block => put(block, 'types'));
    const config = join(folder, 'types', 'tsconfig.json');
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      module: 'esnext',
      moduleResolution: 'bundler',
      moduleDetection: 'force',
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')],
      paths: { heddle: [join(root, 'dist/lib/index.d.ts')], 'heddle/ring': [join(root, 'dist/lib/shuffle/ring/ring.d.ts')] },
      strict: true,
      allowJs: true,
      checkJs: true,
      noEmit: true,
      skipLibCheck: true,
    };
    writeFileSync(config, JSON.stringify({ compilerOptions, files }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', config], { cwd: folder, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  });
});

describe('commands', () => {
  const { scripts: npmScripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> };

  test('the two for a fresh machine are there, and are scripts', () => {
    for (const name of ['start', 'test']) {
      assert.ok(commands.includes(`npm ci && npm ${name}`), `no document shows npm ci && npm ${name}`);
      assert.ok(npmScripts[name], `package.json has no script ${name}`);
    }
    assert.match(npmScripts.start!, /^node dist\/lib\/cli\/main\.js run examples\//);
    // npm ci runs `prepare`, without which there is nothing to start.
    assert.equal(npmScripts.prepare, 'npm run build');
  });

  test('name npm scripts, compiled files and examples that exist', () => {
    for (const command of commands) {
      for (const [, name] of command.matchAll(/\bnpm (?:run )?(start|test|(?<=run )[\w:]+)/g)) {
        assert.ok(npmScripts[name!], `${command}: package.json has no script ${name}`);
      }
      for (const [path] of command.matchAll(/\b(?:dist|examples)\/[\w./-]+/g))
        assert.ok(existsSync(join(root, path)), `${command}: no ${path}`);
    }
  });
});

/** The names on a prototype and on those below it. */
function namesOf(prototype: object): string[] {
  const below = Object.getPrototypeOf(prototype) as object;
  return [...Object.getOwnPropertyNames(prototype), ...(below === Object.prototype ? [] : namesOf(below))];
}

describe('the README', () => {
  const readme = textOf('README.md');
  const variableOf = (name: string) => `HEDDLE_${name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`;

  test('has a row for each option, with its variable', () => {
    for (const name of OPTION_NAMES) {
      assert.match(readme, new RegExp(`^\\| \`${name}\` +\\| \`${variableOf(name)}\` +\\|`, 'm'));
    }
  });

  test('names each public method', () => {
    // Private in TypeScript's sense only.
    const own = new Set(['constructor', 'derive', 'end', 'checkOpen', 'checkOwn', 'checkKin', 'run', 'interrupted']);
    for (const name of [...namesOf(RDD.prototype), ...namesOf(Context.prototype)]) {
      if (!own.has(name)) assert.match(readme, new RegExp(`\\b${name}\\b`), name);
    }
  });

  test('names only error codes that there are', () => {
    const known = new Set(textOf('lib/core/errors.ts').match(/(?<=\| ')HEDDLE_\w+/g));
    const variables = new Set(OPTION_NAMES.map(variableOf));
    for (const [code] of readme.matchAll(/\bHEDDLE_[A-Z_]+\b/g)) assert.ok(known.has(code) || variables.has(code), code);
  });

  test('has one place for figures', () => assert.equal(readme.split('<!-- figures -->').length, 2));
});

test('files that are named are there', () => {
  for (const document of documents) {
    for (const [, path] of textOf(document).matchAll(/`((?:lib|workers|native-shuffle|test|benchmarks|examples)\/[\w./-]+)`/g)) {
      assert.ok(existsSync(join(root, path!)) || existsSync(join(root, 'dist', path!)), `${document} names ${path}, which is not there`);
    }
  }
});

test('links to files lead somewhere', () => {
  for (const document of documents) {
    for (const target of fileLinksOf(textOf(document))) {
      assert.ok(existsSync(join(root, dirname(document), target)), `${document} links to ${target}, which is not there`);
    }
  }
});
