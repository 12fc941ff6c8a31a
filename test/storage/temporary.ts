// A temporary directory for one test, removed after it.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function inTemporary<T>(run: (root: string) => T): T {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-storage-')));
  try {
    return run(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export async function inTemporaryAsync<T>(run: (root: string) => Promise<T>): Promise<T> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-storage-')));
  try {
    return await run(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
