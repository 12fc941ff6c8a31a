// A process's own directory for what has no room in memory. It is made when it is first needed, only its owner may look
// into it, and it goes when it is closed. What a process that is no more has left behind, the next one on the same
// machine removes.
//
// Its name tells whose it is: heddle-spill-HOST-PID-RANDOM. A process on another machine that shares the disk, or in
// another container, has another host name, and nobody removes what may be of a process that cannot be seen.

import { accessSync, constants, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { badArgument, HeddleError } from '../core/errors.js';
import { randomName } from '../core/random-name.js';
import { ioError, systemCode } from './io-error.js';

const PREFIX = 'heddle-spill-';

const hostPart = () => hostname().replace(/[^a-zA-Z0-9]/g, '_') || 'localhost';

export class SpillDirectory {
  /** Its path, whether it is there already or not: threads make it too, when they have something to put there. */
  readonly location: string;
  private isMade = false;
  private isClosed = false;

  /** Refuses a root that is no directory, or that may not be written into. Removes what dead processes left there. */
  constructor(root: string) {
    const base = resolve(root);
    checkRoot(base);
    removeStaleSpills(base);
    this.location = join(base, `${PREFIX}${hostPart()}-${process.pid}-${randomName()}`);
  }

  /** Its path. Makes it the first time. Throws the coded error of a disk that is full, or a root that is gone. */
  path(): string {
    if (this.isClosed) throw new HeddleError('HEDDLE_CONTEXT_STOPPED', 'the context was stopped, and its spill directory is gone');
    if (!this.isMade) makeSpillDirectory(this.location);
    this.isMade = true;
    return this.location;
  }

  /** Removes the files whose names begin with this. Nothing there is no error. */
  removeOf(prefix: string): void {
    removeFilesOf(this.location, prefix);
  }

  /** Removes it with all that is in it. Closing twice is harmless. */
  close(): void {
    this.isClosed = true;
    remove(this.location);
  }
}

/** Makes a spill directory, unless it is there. */
export function makeSpillDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw ioError(error, 'make the spill directory', path);
  }
}

/** Removes the files of a directory whose names begin with this. */
export function removeFilesOf(directory: string, prefix: string): void {
  for (const name of namesIn(directory)) if (name.startsWith(prefix)) remove(join(directory, name));
}

function checkRoot(root: string): void {
  try {
    if (!statSync(root).isDirectory()) throw badArgument('spillDirectory', root, 'a directory');
    accessSync(root, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw ioError(error, 'use as spillDirectory', root);
  }
}

/** Removes what dead processes of this host left in a root. */
export function removeStaleSpills(root: string): void {
  const own = `${PREFIX}${hostPart()}-`;
  for (const name of namesIn(root)) {
    if (!name.startsWith(own)) continue;
    const pid = /^(\d+)-[0-9a-f]+$/.exec(name.slice(own.length))?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) remove(join(root, name));
  }
}

/** None where it cannot be looked at: what cannot be removed does no harm. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true, maxRetries: 3, retryDelay: 20 });
  } catch {
    // Another user's, or in use: it stays for whoever may.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
