// A summary under way: a promise of the last snapshot, and an iterable of all of them.

/** What gives the snapshots. */
export interface Giver<S> {
  /** Aborted once no more snapshots are wanted. */
  readonly enough: AbortSignal;
  readonly isOver: boolean;
  /** Adds a snapshot, made when it is first looked at; `isLast` is the last one there is. */
  give(snapshot: () => S, isLast: boolean): void;
}

/**
 * `await` it for the last snapshot, or iterate it for each as it comes: every iteration sees the same ones, from the first on.
 * Leaving a `for await` loop ends the trials, and the snapshot at which it was left becomes the last one: a stopping rule of
 * one's own, which stops at the same trial on every machine, because the snapshots are the same.
 */
export class SummaryRun<S> implements PromiseLike<S>, AsyncIterable<S> {
  private readonly snapshots: (() => S)[] = [];
  private readonly stop = new AbortController();
  private readonly ended: Promise<void>;
  private failure: { readonly error: unknown } | undefined;
  /** The index of the last snapshot: the least at which anybody found that it was enough. */
  private lastAt = Number.POSITIVE_INFINITY;
  private wake: () => void = () => {};
  private more = this.nextSnapshot();

  /** @internal */
  constructor(start: (giver: Giver<S>) => Promise<void>) {
    const isOver = () => this.lastAt < Number.POSITIVE_INFINITY;
    this.ended = start({
      enough: this.stop.signal,
      get isOver() {
        return isOver();
      },
      give: (snapshot, isLast) => {
        const at = this.snapshots.push(once(snapshot)) - 1;
        if (isLast) this.endAt(at);
        this.announce();
      },
    });
    // Whoever only iterates meets the error there.
    this.ended.catch(error => {
      this.failure = { error };
      this.announce();
    });
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  then<A = S, B = never>(
    onDone?: ((last: S) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.last().then(onDone, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<S | B> {
    return this.last().catch(onError);
  }

  finally(onEnd?: (() => void) | null): Promise<S> {
    return this.last().finally(onEnd);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<S, void, undefined> {
    for (let at = 0; at <= this.lastAt; ) {
      if (at < this.snapshots.length) {
        let isLeft = true;
        try {
          yield this.snapshots[at]!();
          isLeft = false;
        } finally {
          if (isLeft) this.endAt(at);
        }
        at++;
      } else if (this.failure !== undefined) throw this.failure.error;
      else await this.more;
    }
  }

  private async last(): Promise<S> {
    await this.ended;
    return this.snapshots[this.lastAt]!();
  }

  private endAt(at: number): void {
    this.lastAt = Math.min(this.lastAt, at);
    this.stop.abort();
  }

  private announce(): void {
    const { wake } = this;
    this.more = this.nextSnapshot();
    wake();
  }

  private nextSnapshot(): Promise<void> {
    return new Promise(resolve => {
      this.wake = resolve;
    });
  }
}

function once<S>(make: () => S): () => S {
  let made: { readonly value: S } | undefined;
  return () => (made ??= { value: make() }).value;
}
