// Ctrl-C: what is open is closed first, then the signal does what it would have done without Heddle. One listener serves
// all that is open in the process: a listener each would have Node warn of a leak.

/** Closes something. `alone`: nobody else handles the signal, so the process ends as soon as everything is closed. */
export type CloseOnInterrupt = (alone: boolean) => Promise<void>;

const open = new Set<CloseOnInterrupt>();
const leftovers = new Set<() => void>();

/** Has `close` called at the next SIGINT. Returns the function that takes this back. */
export function closeOnInterrupt(close: CloseOnInterrupt): () => void {
  // Before the listeners that are there, because one of once() would be gone when they are counted.
  if (open.size === 0) process.prependListener('SIGINT', interrupted);
  open.add(close);
  return () => {
    if (open.delete(close) && open.size === 0) process.off('SIGINT', interrupted);
  };
}

/** Has `remove` called when a SIGINT ends the process, after everything is closed. Returns the function that takes this back. */
export function removeOnInterrupt(remove: () => void): () => void {
  leftovers.add(remove);
  return () => void leftovers.delete(remove);
}

async function interrupted(): Promise<void> {
  const closing = [...open];
  // From here on a second Ctrl-C is not Heddle's: whoever is impatient need not wait.
  open.clear();
  process.off('SIGINT', interrupted);
  const alone = process.listenerCount('SIGINT') === 0;
  await Promise.allSettled(closing.map(close => close(alone)));
  if (!alone) return;
  for (const remove of leftovers) {
    try {
      remove();
    } catch {
      // The rest is still to be removed, and the process ends in any case.
    }
  }
  process.kill(process.pid, 'SIGINT');
}
