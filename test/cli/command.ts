// Runs the compiled heddle command, and writes scripts for it into a folder of their own.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Outcome, type Running, startNode } from '../node-process.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

export class Folder {
  // On some systems the temporary folder is a link, and scripts see their real path.
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-cli-')));

  put(name: string, text: string): string {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  /** A folder of the name that is the one at `target`. */
  link(name: string, target: string): void {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path, 'junction');
  }

  start(...given: string[]): Running {
    return startNode(this.path, [MAIN, ...given]);
  }

  run(...given: string[]): Promise<Outcome> {
    return this.start(...given).ended;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
