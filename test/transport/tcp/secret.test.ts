import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { HeddleError } from '../../../lib/core/errors.js';
import { formatAddress, parseAddress } from '../../../lib/transport/tcp/address.js';
import { deriveKey, makeSecret, readSecret } from '../../../lib/transport/tcp/secret.js';

const refused = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof HeddleError, String(error));
  assert.equal(error.code, 'HEDDLE_SECRET');
  assert.match(error.message, pattern);
  return true;
};

describe('the secret', () => {
  test('is what is given, or nothing', () => {
    assert.equal(readSecret({ secret: 'sixteen letters!' }), 'sixteen letters!');
    assert.equal(readSecret({}), undefined);
  });

  test('is refused where it is short, without being shown', () => {
    assert.throws(
      () => readSecret({ secret: 'hunter2' }),
      error => refused(/at least 16 characters, got 7/)(error) && !`${error}`.includes('hunter2'),
    );
  });

  test('comes from a file that only its owner can read', t => {
    const folder = mkdtempSync(join(tmpdir(), 'heddle-secret-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'secret');
    writeFileSync(file, 'a secret in a file\n', { mode: 0o600 });
    assert.equal(readSecret({ secretFile: file }), 'a secret in a file');
    if (process.platform !== 'win32') {
      chmodSync(file, 0o640);
      assert.throws(() => readSecret({ secretFile: file }), refused(/mode 0640.*chmod 600/));
    }
    assert.throws(() => readSecret({ secretFile: join(folder, 'none') }), refused(/cannot be read/));
  });

  test('gives the same key on both ends, and another one for any other', () => {
    assert.deepEqual(deriveKey('sixteen letters!'), deriveKey('sixteen letters!'));
    assert.notDeepEqual(deriveKey('sixteen letters!'), deriveKey('sixteen letters?'));
    assert.notEqual(makeSecret(), makeSecret());
    assert.equal(readSecret({ secret: makeSecret() })!.length, 43);
  });
});

describe('addresses', () => {
  test('are a host and a port', () => {
    assert.deepEqual(parseAddress('connect', 'node-1.cluster:7077'), { host: 'node-1.cluster', port: 7077 });
    assert.deepEqual(parseAddress('listen', '[::1]:0'), { host: '::1', port: 0 });
    for (const text of ['10.0.0.1:80', '[fe80::1%eth0]:9']) assert.equal(formatAddress(parseAddress('x', text)), text);
  });

  test('are nothing else', () => {
    for (const text of ['', 'host', 'host:', ':80', '::1:80', 'host:65536', 'host:-1', 'a b:1', 'http://host:80']) {
      assert.throws(() => parseAddress('connect', text), /^HeddleError: connect: expected an address such as/, text);
    }
  });
});
