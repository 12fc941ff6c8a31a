// Programs of the system that a test needs. With CI=true what is missing is installed, by Debian's package manager where this is
// root, and what is missing still fails the test; else the test is skipped, with the reason.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { capture } from '../../benchmarks/anchors/capture.js';

export const IS_CI = process.env.CI === 'true';
export const IS_ROOT = process.getuid?.() === 0;

/** The path of a program, also of one for administrators. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map(folder => join(folder, name)).find(path => existsSync(path));
}

/** Why these programs, of these packages of Debian, are not there; or null. */
export async function whyMissing(programs: Readonly<Record<string, string>>): Promise<string | null> {
  const missing = () => Object.keys(programs).filter(name => findProgram(name) === undefined);
  if (missing().length > 0 && IS_CI && IS_ROOT) {
    const packages = [...new Set(missing().map(name => programs[name]!))];
    for (const command of [['update'], ['install', '-y', '--no-install-recommends', ...packages]]) {
      const { failure } = await capture('apt-get', command, { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
      if (failure !== null) return `apt-get could not install ${packages.join(', ')}: ${failure}`;
    }
  }
  return missing().length === 0 ? null : `not on this machine: ${missing().join(', ')}`;
}

/** For the `skip` of a test: in CI nothing is skipped. */
export function skipFor(missing: string | null): string | false {
  return missing !== null && !IS_CI ? missing : false;
}
