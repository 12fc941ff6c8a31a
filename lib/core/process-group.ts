// External processes that are started as the leaders of a group of their own, so that what they started ends with them.

/** Options for spawn. Windows has no groups. */
export const OWN_GROUP = { detached: process.platform !== 'win32', windowsHide: true } as const;

/** Ends a process and its group at once; one that is gone already is no error. */
export function killGroup(pid: number): void {
  try {
    process.kill(OWN_GROUP.detached ? -pid : pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}
