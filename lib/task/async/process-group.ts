// External processes, each the leader of a group of its own, which what it starts is in as well. A group ends with the thread that
// started it, however that ends, and be it that its process is killed: a shell knows the groups, and ends them when its input is
// over, which nobody but this thread can write. It leads a group itself: what is sent to this process's it does not get.
//
// No command begins before that shell knows of it: what is started is another one, which waits for a line, or the end, of its
// input, and then becomes the command. It has the same pid, and the same end.
//
// Windows has no groups; there, libuv has the system end what a process started together with it.

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, resolve } from 'node:path';
import type { Writable } from 'node:stream';
import type { CommandSpec } from '../spec.js';

const HAS_GROUPS = process.platform !== 'win32';
const OWN_GROUP = { detached: HAS_GROUPS, windowsHide: true } as const;
const SHELL = '/bin/sh';

/** `read` takes no byte beyond its line. */
const GATE = 'read -r _ && exec "$@"';

/** Reads lines `+ GROUP` and `- GROUP`; the list has a space on both sides of each. */
const WATCH = `groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done`;

/** The input of the shell that knows the groups. */
let watcher: Writable | undefined;

/** As spawn of node:child_process would. Where there is no /bin/sh, the group may outlive a thread that cannot end it. */
export function spawnGroup({ file, args, shell, env: own, cwd }: CommandSpec): ChildProcessWithoutNullStreams {
  const { spawn } = childProcesses();
  const env = { ...process.env, ...own };
  if (!HAS_GROUPS || !isProgram(SHELL, env, cwd)) return spawn(file, args, { shell, env, cwd, ...OWN_GROUP });
  watcher ??= startWatcher();
  const command = shell ? [SHELL, '-c', file] : [file, ...args];
  const waits = passesOn(env) && isProgram(command[0]!, env, cwd);
  const [program, ...rest] = waits ? [SHELL, '-c', GATE, 'sh', ...command] : command;
  const child = spawn(program!, rest, { env, cwd, ...OWN_GROUP });
  const { pid } = child;
  if (pid === undefined) return child;
  // Both pipes take at once what they have room for.
  watcher.write(`+ ${pid}\n`);
  if (waits) child.stdin.write('\n');
  child.once('close', () => watcher!.write(`- ${pid}\n`));
  return child;
}

/** Ends a process and its group at once; one that is gone already is no error. */
export function killGroup(pid: number): void {
  try {
    process.kill(HAS_GROUPS ? -pid : pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

/** It keeps this process from nothing, and holds no file and no directory of the script's. */
function startWatcher(): Writable {
  const child = childProcesses().spawn(SHELL, ['-c', WATCH], { cwd: '/', env: {}, stdio: ['pipe', 'ignore', 'ignore'], ...OWN_GROUP });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  return child.stdin;
}

/** Whether there is such a program. One that is none is started without a shell, so that the error is the system's. */
function isProgram(file: string, env: NodeJS.ProcessEnv, cwd = ''): boolean {
  const folders = file.includes('/') ? [''] : (env.PATH ?? '').split(delimiter);
  return folders.some(folder => {
    try {
      accessSync(resolve(cwd, folder, file), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A shell may keep to itself variables that it cannot name. */
function passesOn(env: NodeJS.ProcessEnv): boolean {
  return Object.keys(env).every(name => /^[A-Za-z_]\w*$/.test(name));
}

/** Loaded here because few threads need it. */
function childProcesses(): typeof import('node:child_process') {
  return createRequire(import.meta.url)('node:child_process') as typeof import('node:child_process');
}
