// The one secret that drivers and executors share, and the key that connections derive from it. It is never sent.

import { hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { HeddleError } from '../../core/errors.js';

const LEAST_CHARACTERS = 16;
const KEY_BYTES = 32;

export interface SecretSource {
  /** The secret itself. */
  readonly secret?: string | undefined;
  /** A file that holds it, which only its owner can read. */
  readonly secretFile?: string | undefined;
}

/** The secret that is given, or undefined where neither is, or both are empty. Throws HEDDLE_SECRET for one that protects nothing. */
export function readSecret({ secret, secretFile }: SecretSource): string | undefined {
  if (secretFile) return checked(fromFile(secretFile), secretFile);
  return secret ? checked(secret, 'the secret') : undefined;
}

/** For processes that are started together, with nobody to think of one. */
export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** What both ends of a connection must have: knows nothing of the secret that it could give away. */
export function deriveKey(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'heddle', 'tls-psk', KEY_BYTES));
}

function fromFile(path: string): string {
  try {
    const { mode } = statSync(path);
    // Windows has no such bits: its files are protected by their folder.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const found = (mode & 0o777).toString(8).padStart(4, '0');
      throw new HeddleError('HEDDLE_SECRET', `${path}: others can read this secret (mode ${found}); do chmod 600, and use a new secret`, {
        data: { path, mode: found },
      });
    }
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (error instanceof HeddleError) throw error;
    throw new HeddleError('HEDDLE_SECRET', `${path}: the file of the secret cannot be read: ${(error as Error).message}`, {
      data: { path },
      cause: error,
    });
  }
}

function checked(secret: string, where: string): string {
  if (secret.length >= LEAST_CHARACTERS) return secret;
  throw new HeddleError(
    'HEDDLE_SECRET',
    `${where}: expected at least ${LEAST_CHARACTERS} characters, got ${secret.length}; \`openssl rand -base64 32\` makes a good one`,
    { data: { characters: secret.length } },
  );
}
