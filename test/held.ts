// A named pipe that processes hold open for writing, from the shell that opens it to all that it starts: it tells when the last of
// them is gone, whoever their parent is by then.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** The begin of a line for a shell that has the path in its variable HELD. */
export const HOLD = 'exec 9>"$HELD"; echo held >&9';

export class Held {
  /** Resolves when nobody holds it any more. */
  readonly over: Promise<void>;
  readonly env: Readonly<Record<string, string>>;
  private readonly first: Promise<void>;

  constructor(path: string) {
    execFileSync('mkfifo', [path]);
    this.env = { HELD: path };
    const socket = new Socket({ fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK), readable: true, writable: false });
    this.first = new Promise(resolve => socket.once('data', () => resolve()));
    this.over = new Promise(resolve => socket.once('end', () => resolve()));
  }

  /** Resolves when somebody holds it, which `what` is to bring about. */
  async begun(what: Promise<unknown>): Promise<void> {
    await Promise.race([this.first, what.then(result => assert.fail(`it ended before: ${JSON.stringify(result)}`))]);
  }
}
