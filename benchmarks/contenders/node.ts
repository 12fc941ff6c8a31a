// Programs of this folder that run on Node.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../child.js';

/** A compiled program of the benchmarks, under the Node that runs this one. */
export function nodeProgram(path: string, args: readonly string[] = []): Command {
  return { file: process.execPath, args: [fileURLToPath(new URL(`../${path}`, import.meta.url)), ...args] };
}

export function packageVersion(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}
