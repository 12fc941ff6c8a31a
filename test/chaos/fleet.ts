// Three executors with their proxies, which serve one run after another.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { ContextOptions } from '../../lib/core/options.js';
import { type Address, formatAddress, parseAddress } from '../../lib/transport/tcp/address.js';
import { Member, type Mode, SECRET } from './member.js';

const THREADS = [1, 2, 1];
/** How long what a driver leaves may take to go, in milliseconds. */
const PATIENCE = 20_000;
/** How often things are looked at of which nobody tells, in milliseconds. */
const POLL = 10;

export class Fleet {
  private isClosed = false;

  /** Whatever its executors and runs write is in a folder of its own in this one. */
  static async open(mode: Mode, parent: string): Promise<Fleet> {
    const folder = mkdtempSync(join(parent, `${mode}-`));
    const members = await Promise.all(THREADS.map((threads, index) => Member.open(index, mode, threads, folder)));
    return new Fleet(mode, folder, members);
  }

  private constructor(
    readonly mode: Mode,
    readonly folder: string,
    readonly members: readonly Member[],
  ) {}

  /** What a context needs to have these executors. */
  get options(): ContextOptions {
    const reach =
      this.mode === 'dialled'
        ? { executors: this.members.map(({ driver }) => formatAddress(driver.address)), listen: '' }
        : { listen: '127.0.0.1:0', executors: [] };
    return { ...reach, secret: SECRET };
  }

  /** Has executors that dial find the context; resolves once all work for it. */
  async leadTo(address: string | undefined): Promise<void> {
    this.lead(address === undefined ? undefined : parseAddress('listen', address));
    while (!this.isClosed && !this.members.every(({ isAtWork }) => isAtWork)) await wait(POLL);
  }

  memberOf(executor: string): Member | undefined {
    const at = executor.replace(/\/\d+$/, '');
    return this.members.find(member => member.isAt(at));
  }

  /** Ends all faults, starts the executors that are missing, and waits until nothing of the last driver is left; tells what is. */
  async settle(): Promise<string[]> {
    this.lead(undefined);
    // One that has been killed leaves its files to the next driver's session on its place.
    const killed = new Set(this.members.filter(({ isAlive }) => !isAlive));
    for (const member of this.members) member.calmDown();
    await Promise.all(this.members.map(member => member.start()));
    let left: string[] = [];
    for (const end = Date.now() + PATIENCE; Date.now() < end; await wait(POLL)) {
      if (!this.members.every(({ isAtRest }) => isAtRest)) left = ['an executor still works for its driver'];
      else left = this.members.filter(member => !killed.has(member)).flatMap(member => member.leftovers());
      if (left.length === 0) break;
    }
    return [...left, ...this.members.flatMap(({ ends }) => ends.splice(0))];
  }

  /** Where executors that dial end up. */
  private lead(goal: Address | undefined): void {
    if (this.mode === 'dialling') for (const { driver } of this.members) driver.lead(goal);
  }

  /** Begins the log of a run. */
  forget(): void {
    for (const member of this.members) member.forget();
  }

  /** What the executors said in this run. */
  get log(): string {
    return this.members.map(({ index, log }) => `executor ${index}:\n${log}`).join('');
  }

  /** Resolves to what is wrong with how they ended. */
  async close(): Promise<string[]> {
    this.isClosed = true;
    const ends = await Promise.all(this.members.map(member => member.close()));
    rmSync(this.folder, { recursive: true });
    return ends.flat();
  }

  /** For one that does not answer any more. */
  async destroy(): Promise<void> {
    await Promise.all(this.members.map(member => member.kill()));
    await this.close();
  }
}
