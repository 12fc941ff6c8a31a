// A real sshd on a loopback port, with keys, configuration and known hosts in a folder of the test's, and nothing outside of it:
// but for the empty folder that Debian's sshd wants, which is made only where it is missing, and removed then.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.js';
import { findProgram, IS_ROOT } from './tools.js';

const EMPTY = '/run/sshd';

export interface Sshd {
  readonly port: number;
  /** What a client needs, for ssh's -o. */
  readonly options: readonly string[];
  /** Rejects where a session of it does not end within a minute. */
  close(): Promise<void>;
}

export async function startSshd(folder: string): Promise<Sshd> {
  const path = (name: string): string => join(folder, name);
  const port = await freePort();
  for (const name of ['host-key', 'user-key']) {
    execFileSync(findProgram('ssh-keygen')!, ['-q', '-t', 'ed25519', '-N', '', '-C', 'a test', '-f', path(name)]);
  }
  const publicPart = (name: string): string => readFileSync(path(`${name}.pub`), 'utf8');
  writeFileSync(path('authorized'), publicPart('user-key'), { mode: 0o600 });
  writeFileSync(path('known'), `[127.0.0.1]:${port} ${publicPart('host-key')}`);
  const settings = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: path('host-key'),
    PidFile: 'none',
    AuthorizedKeysFile: path('authorized'),
    AllowUsers: userInfo().username,
    AuthenticationMethods: 'publickey',
    PermitRootLogin: 'prohibit-password',
    UsePAM: 'no',
    StrictModes: 'no', // its folder is below one that all can write to
    PrintLastLog: 'no',
    PermitUserRC: 'no',
  };
  writeFileSync(
    path('sshd_config'),
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(''),
  );
  const isOurs = IS_ROOT && !existsSync(EMPTY);
  if (isOurs) mkdirSync(EMPTY, { mode: 0o755 });
  const child = spawn(findProgram('sshd')!, ['-D', '-e', '-f', path('sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Server listening on')) resolve();
    });
    child.once('error', reject);
    void ended.then(() => reject(new Error(`sshd has ended: ${said}`)));
  });
  return {
    port,
    options: [
      `UserKnownHostsFile=${path('known')}`,
      `IdentityFile=${path('user-key')}`,
      'GlobalKnownHostsFile=none',
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'StrictHostKeyChecking=yes',
    ],
    async close() {
      child.kill('SIGTERM');
      // Its sessions outlive it, and write to its standard error as well: that is closed when all are gone.
      await new Promise<void>((resolve, reject) => {
        const overdue = setTimeout(() => reject(new Error(`a minute after its end sshd still has a session: ${said}`)), 60_000);
        void ended.then(() => {
          clearTimeout(overdue);
          resolve();
        });
      });
      if (isOurs) rmdirSync(EMPTY);
    },
  };
}
