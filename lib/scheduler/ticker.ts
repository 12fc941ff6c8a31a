// Tells the machine that time passes, as long as that is wanted.
import type { Clock } from './clock.js';

export class Ticker {
  private cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly milliseconds: number,
    private readonly tick: () => void,
  ) {}

  /** Starts or stops. After a tick it waits to be asked again. */
  keep(isWanted: boolean): void {
    if (isWanted === (this.cancel !== undefined)) return;
    if (!isWanted) {
      this.cancel!();
      this.cancel = undefined;
      return;
    }
    this.cancel = this.clock.after(this.milliseconds, () => {
      this.cancel = undefined;
      this.tick();
    });
  }
}
