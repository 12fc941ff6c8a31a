// What signals call off. With a run that has settled its signal has no more to do, and may come again with another one: so each signal
// is listened to once, for all runs that come with it. To add and to remove a listener costs more than many a task.

export class CallOffs<Run> {
  /** From the first run that a signal came with. */
  private readonly runs = new WeakMap<AbortSignal, Set<Run>>();

  /** `callOff` is called with the runs that are there when their signal is raised. */
  constructor(private readonly callOff: (run: Run) => void) {}

  /** Returns the runs that it is one of, from which it is to be deleted when it has settled. */
  add(signal: AbortSignal, run: Run): Set<Run> {
    let runs = this.runs.get(signal);
    if (runs === undefined) {
      const all = new Set<Run>();
      this.runs.set(signal, (runs = all));
      signal.addEventListener('abort', () => {
        for (const each of all) this.callOff(each);
      });
    }
    return runs.add(run);
  }
}
