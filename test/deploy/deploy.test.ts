// What is there to deploy, as far as it can be held without an engine: the Dockerfile by a linter, the compose file and the
// unit by their structure, and every command in them by the command line that they call.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { parse } from 'yaml';
import { startNode } from '../node-process.js';

const root = new URL('../../../', import.meta.url);
const textOf = (file: string) => readFileSync(new URL(file, root), 'utf8');
const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

/** The flags that `heddle executor --help` names. */
async function flagsOfExecutor(): Promise<Set<string>> {
  const { ended } = startNode(fileURLToPath(root), [MAIN, 'executor', '--help'], {});
  const { code, out, err } = await ended;
  assert.equal(code, 0, err);
  return new Set(out.match(/--[a-z-]+/g));
}

async function checkExecutorCommand(command: readonly string[]): Promise<void> {
  assert.equal(command[0], 'executor');
  const flags = await flagsOfExecutor();
  for (const word of command.filter(word => word.startsWith('--'))) assert.ok(flags.has(word), word);
}

describe('the Dockerfile', () => {
  const text = textOf('deploy/Dockerfile');

  test('passes the linter', () => {
    assert.deepEqual(
      validate(text).map(({ message, range }) => `${range.start.line + 1}: ${message}`),
      [],
    );
    // Of what the linter knows.
    assert.ok(validate(`${text}\nNONSENSE x`).length > 0);
  });

  test('starts an executor, as no superuser', async () => {
    await checkExecutorCommand(JSON.parse(/^CMD (\[.*\])$/m.exec(text)![1]!) as string[]);
    assert.match(text, /^USER node$/m);
    assert.doesNotMatch(text, /^(ENV|ARG) .*SECRET/m);
  });

  test('copies what is there', () => {
    for (const [, files] of text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)) {
      for (const file of files!.split(' ')) assert.ok(existsSync(new URL(file, root)), file);
    }
  });
});

describe('the compose file', () => {
  interface Service {
    readonly command: readonly string[];
    readonly build: { readonly context: string; readonly dockerfile: string };
    readonly environment: Readonly<Record<string, string>>;
    readonly ports?: unknown;
  }
  const { services } = parse(textOf('deploy/compose.yaml'), { merge: true }) as { services: Record<'driver' | 'executor', Service> };

  test('builds from the Dockerfile', () => {
    for (const { build } of Object.values(services)) {
      assert.ok(existsSync(new URL(`deploy/${build.context}/${build.dockerfile}`, root)), build.dockerfile);
    }
  });

  test('has executors dial the driver, with the secret from outside', async () => {
    const { driver, executor } = services;
    await checkExecutorCommand(executor.command);
    const [host, port] = executor.command[executor.command.indexOf('--connect') + 1]!.split(':');
    assert.ok(host! in services);
    assert.equal(driver.environment.HEDDLE_LISTEN, `0.0.0.0:${port}`);
    for (const { environment, ports } of Object.values(services)) {
      assert.match(environment.HEDDLE_SECRET!, /^\$\{HEDDLE_SECRET:\?/);
      assert.equal(ports, undefined, 'nothing is open to the outside');
    }
  });
});

describe('the unit', () => {
  const text = textOf('deploy/heddle-executor.service');

  test('has sections and settings only', () => {
    for (const line of text.split('\n')) assert.match(line, /^(#.*|\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=.+|)$/);
  });

  test('starts an executor that needs a secret, as a user of its own', async () => {
    const command = /^ExecStart=\/usr\/bin\/env heddle (.+)$/m.exec(text)![1]!.split(' ');
    await checkExecutorCommand(command);
    assert.ok(command.includes('--secret-file'));
    assert.match(text, /^User=heddle$/m);
  });
});
