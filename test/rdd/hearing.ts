// How closures tell a test that they run: messages on a channel, which arrive whatever their thread does after them.
import { after } from 'node:test';

export class Hearing {
  readonly name = `heddle-test-${process.pid}-${Math.random()}`;
  readonly heard: unknown[] = [];
  private readonly channel = new BroadcastChannel(this.name);
  private wake = () => {};

  constructor() {
    this.channel.onmessage = event => {
      this.heard.push((event as { readonly data: unknown }).data);
      this.wake();
    };
    after(() => this.channel.close());
  }

  /** Resolves when so many messages have come. `job`: what sends them; if it fails before, so does this. */
  async times(n: number, job: Promise<unknown>): Promise<void> {
    let failed: { readonly error: unknown } | undefined;
    const end = () => {
      failed = { error: new Error(`the job ended after ${this.heard.length} messages of ${n}`) };
      this.wake();
    };
    void job.then(end, end);
    while (this.heard.length < n) {
      if (failed !== undefined) throw failed.error;
      await new Promise<void>(resolve => {
        this.wake = resolve;
      });
    }
  }
}

/** For closures. */
export function say(name: string, message: unknown): void {
  const channel = new BroadcastChannel(name);
  channel.postMessage(message);
  channel.close();
}
