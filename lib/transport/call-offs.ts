// What signals call off. With a run that has settled its signal has no more to do, and may come again with another one: so each signal
// is listened to once, for all runs that come with it. To add and to remove a listener costs more than many a task.

export class CallOffs<Run> {
  /** From the first run that a signal came with. */
  private readonly runs = new WeakMap<AbortSignal, Siblings<Run>>();

  /** `callOff` is called with the runs that are there when their signal is raised. */
  constructor(private readonly callOff: (run: Run) => void) {}

  /** Returns the runs that it is one of, from which it is to be deleted when it has settled; undefined where the signal is raised. */
  add(signal: AbortSignal, run: Run): Siblings<Run> | undefined {
    let runs = this.runs.get(signal);
    if (runs === undefined) {
      runs = new Siblings<Run>(signal.aborted);
      this.runs.set(signal, runs);
      signal.addEventListener('abort', () => this.runs.get(signal)!.raise(this.callOff));
    }
    if (runs.isRaised) return undefined;
    runs.add(run);
    return runs;
  }
}

/** The runs of a signal: mostly one, for which a Set would be made anew again and again. */
export class Siblings<Run> {
  private readonly runs: Run[] = [];

  /** `isRaised`: kept here, for to ask the signal with every run was a good part of a task's cost. */
  constructor(public isRaised: boolean) {}

  add(run: Run): void {
    this.runs.push(run);
  }

  delete(run: Run): void {
    const { runs } = this;
    const at = runs.lastIndexOf(run);
    if (at < 0) return;
    const last = runs.pop()!;
    if (at < runs.length) runs[at] = last;
  }

  raise(callOff: (run: Run) => void): void {
    this.isRaised = true;
    // What is called off may settle, and others with it.
    for (const run of [...this.runs]) if (this.runs.includes(run)) callOff(run);
  }
}
