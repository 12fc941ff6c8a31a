// One executor of a fleet: a process of the heddle command, which is reached, and reaches its driver, through proxies only. When
// the process is killed another one may take its place, behind the same addresses.
import { type ChildProcess, execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatAddress, parseAddress } from '../../lib/transport/tcp/address.js';
import { deriveKey } from '../../lib/transport/tcp/secret.js';
import { LISTENS, type Running, startNode } from '../node-process.js';
import { TamperingProxy } from './proxy.js';
import { servesOf, withServes } from './wire.js';

const MAIN = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));
const FAST_CLOCK = new URL('./fast-clock.js', import.meta.url).href;
export const SECRET = 'a secret for the tests of faults';
const KEY = deriveKey(SECRET);
/** Bytes of the largest file that a process may write whose disk is full. */
const FULL = 4096;
/** Of 50 milliseconds, those in which a slow executor stands still. */
const SLOW = { every: 50, still: 40 };

/** Who dials: the driver its executors, or these their driver. */
export type Mode = 'dialled' | 'dialling';

/** Rows come from the executor, requests for them go to it. */
export type FlowName = 'tasks' | 'outcomes' | 'requests' | 'rows';

const children = new Set<ChildProcess>();
// They do not end by themselves with this process, whatever ends it.
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export class Member {
  readonly spillRoot: string;
  /** Ends of processes that nobody has brought about. */
  readonly ends: string[] = [];
  private started: Promise<void> | undefined;
  private running: Running | undefined;
  private said = '';
  private told = 0;
  private isFrozen = false;
  private slowness: NodeJS.Timeout | undefined;

  static async open(index: number, mode: Mode, threads: number, folder: string): Promise<Member> {
    const peers = await TamperingProxy.open({ key: KEY });
    const driver: TamperingProxy = await TamperingProxy.open({
      key: KEY,
      rewrite(frame) {
        const serves = servesOf(frame);
        if (serves === undefined) return frame;
        peers.lead(serves);
        return withServes(frame, peers.address);
      },
    });
    const member = new Member(index, mode, threads, folder, driver, peers);
    await member.start();
    return member;
  }

  private constructor(
    readonly index: number,
    private readonly mode: Mode,
    private readonly threads: number,
    private readonly folder: string,
    /** Between it and its driver. */
    readonly driver: TamperingProxy,
    /** To where it serves shuffle data. */
    readonly peers: TamperingProxy,
  ) {
    this.spillRoot = join(folder, `spill-${index}`);
    mkdirSync(this.spillRoot);
  }

  get isAlive(): boolean {
    return this.running !== undefined;
  }

  /** Starts a process, where there is none; resolves once it can be reached. */
  start(): Promise<void> {
    this.started ??= this.begin();
    return this.started;
  }

  private async begin(): Promise<void> {
    const place = this.mode === 'dialled' ? ['--listen', '127.0.0.1:0'] : ['--connect', formatAddress(this.driver.address)];
    const args = ['--import', FAST_CLOCK, MAIN, 'executor', ...place, '--threads', String(this.threads), '--memory', '64mb'];
    const running = startNode(this.folder, args, { HEDDLE_SECRET: SECRET, HEDDLE_SPILL_DIRECTORY: this.spillRoot });
    this.running = running;
    children.add(running.child);
    this.said = '';
    this.told = 0;
    running.child.stdout!.on('data', (text: string) => (this.said += text));
    void running.ended.then(({ code, signal, err }) => {
      children.delete(running.child);
      if (this.running !== running) return; // it was meant to
      this.running = this.started = undefined;
      this.ends.push(`executor ${this.index} ended by itself with ${signal ?? code}: ${err}`);
    });
    const address = await running.said(LISTENS);
    if (this.mode === 'dialled') this.driver.lead(parseAddress('listen', address));
  }

  /** The address by which the executor is known to a driver. */
  isAt(address: string): boolean {
    return this.mode === 'dialled' ? formatAddress(this.driver.address) === address : this.driver.hasDialled(address);
  }

  async kill(): Promise<void> {
    const { running } = this;
    this.endSlowness();
    this.running = this.started = undefined;
    this.isFrozen = false;
    running?.child.kill('SIGKILL');
    await running?.ended;
  }

  freeze(): void {
    this.isFrozen = true;
    this.running?.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.isFrozen = false;
    this.running?.child.kill('SIGCONT');
  }

  /** It gets a fifth of the time from now on. */
  slowDown(): void {
    this.slowness ??= setInterval(() => {
      if (this.isFrozen) return;
      this.running?.child.kill('SIGSTOP');
      setTimeout(() => {
        if (!this.isFrozen) this.running?.child.kill('SIGCONT');
      }, SLOW.still);
    }, SLOW.every);
  }

  /** From now on it can write no more into files than fits into a block, as on a disk that is full; or it can again. */
  fillDisk(isFull: boolean): void {
    const pid = this.running?.child.pid;
    if (pid !== undefined) execFileSync('prlimit', ['--pid', String(pid), `--fsize=${isFull ? FULL : 'unlimited'}:`], { stdio: 'pipe' });
  }

  /** Ends whatever lasts. */
  calmDown(): void {
    this.endSlowness();
    this.driver.disarm();
    this.peers.disarm();
    if (this.running !== undefined) {
      this.thaw();
      this.fillDisk(false);
    }
  }

  /** Whether it works for a driver. */
  get isAtWork(): boolean {
    return this.begun > this.ended;
  }

  /** Whether it works for no driver, and nobody has a connection to it. */
  get isAtRest(): boolean {
    return !this.isAtWork && this.driver.isIdle && this.peers.isIdle;
  }

  /** What is left of a driver that is gone: connections, open files, files on disk. Empty once all of it has been given back. */
  leftovers(): string[] {
    const left = readdirSync(this.spillRoot).map(name => `executor ${this.index} has left ${name}`);
    const pid = this.running?.child.pid;
    if (pid === undefined || process.platform !== 'linux') return left;
    const sockets: string[] = [];
    // After the three that every process begins with.
    for (const fd of readdirSync(`/proc/${pid}/fd`).filter(name => Number(name) > 2)) {
      const opened = linkOf(`/proc/${pid}/fd/${fd}`);
      if (opened.startsWith('socket:')) sockets.push(opened);
      if (opened.startsWith(this.folder)) left.push(`executor ${this.index} has left ${opened} open`);
    }
    // It listens, and may be dialling the next driver.
    const due = this.mode === 'dialled' ? 1 : 2;
    if (sockets.length > due) left.push(`executor ${this.index} has ${sockets.length - due} connections left`);
    return left;
  }

  /** Ends the process as one does, and the proxies; resolves to how it ended, where that is no good end. */
  async close(): Promise<string[]> {
    const { running } = this;
    this.calmDown();
    this.running = undefined;
    running?.child.kill('SIGTERM');
    const outcome = await running?.ended;
    await Promise.all([this.driver.close(), this.peers.close()]);
    if (outcome === undefined || outcome.code === 0) return [];
    return [`executor ${this.index} ended with ${outcome.signal ?? outcome.code}: ${outcome.err}`];
  }

  /** What it has said since `forget`. */
  get log(): string {
    return this.said.slice(this.told);
  }

  forget(): void {
    this.told = this.said.length;
  }

  private get begun(): number {
    return this.said.split('works for the driver').length;
  }

  private get ended(): number {
    return this.said.split('has done with the driver').length;
  }

  private endSlowness(): void {
    clearInterval(this.slowness);
    this.slowness = undefined;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return ''; // closed meanwhile
  }
}
