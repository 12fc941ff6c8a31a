// Machines with addresses of their own, as far as the network goes: namespaces of the kernel, each with one link to a bridge, at which
// this process has an address too. Needs root. They go with the process, and what one that was killed has left, the next removes.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findProgram } from './tools.js';

const PREFIX = 'heddle-';

export class Machines {
  /** Where this process is reached. */
  readonly own: string;
  private readonly net = `198.18.${process.pid % 254}`;
  private readonly bridge = `hdb${process.pid % 1e7}`;
  private readonly names: string[] = [];
  private readonly removeAll = () => this.remove();

  /** Throws where the kernel does not allow it, with what was tried. */
  constructor(count: number) {
    removeStale();
    this.own = `${this.net}.1`;
    process.on('exit', this.removeAll);
    try {
      ip('link', 'add', this.bridge, 'type', 'bridge');
      ip('addr', 'add', `${this.own}/24`, 'dev', this.bridge);
      ip('link', 'set', this.bridge, 'up');
      for (let i = 0; i < count; i++) this.add(i);
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** The address of a machine. */
  address(machine: number): string {
    return `${this.net}.${machine + 2}`;
  }

  /** The command that runs another one there. */
  through(machine: number): string[] {
    return [findProgram('ip')!, 'netns', 'exec', this.names[machine]!];
  }

  /** Nothing more goes there, or comes from there; nobody is told of it. */
  unplug(machine: number): void {
    ip('link', 'set', this.link(machine), 'down');
  }

  /** Twice is harmless. */
  remove(): void {
    process.off('exit', this.removeAll);
    // A namespace takes its time to go, and its link with it.
    for (let machine = 0; machine < this.names.length; machine++) removeLink(this.link(machine));
    for (const name of this.names.splice(0)) removeNamespace(name);
    removeLink(this.bridge);
  }

  private add(machine: number): void {
    const name = `${PREFIX}${process.pid}-${machine}`;
    ip('netns', 'add', name);
    this.names.push(name);
    ip('link', 'add', this.link(machine), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', this.link(machine), 'master', this.bridge, 'up');
    ip('-n', name, 'addr', 'add', `${this.address(machine)}/24`, 'dev', 'eth0');
    for (const link of ['eth0', 'lo']) ip('-n', name, 'link', 'set', link, 'up');
  }

  private link(machine: number): string {
    return `hdv${process.pid % 1e7}-${machine}`;
  }
}

function ip(...args: readonly string[]): string {
  try {
    return execFileSync(findProgram('ip')!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    throw new Error(`ip ${args.join(' ')}: ${(error as { stderr?: string }).stderr?.trim() || String(error)}`);
  }
}

function removeLink(name: string): void {
  if (existsSync(`/sys/class/net/${name}`)) ip('link', 'del', name);
}

function removeNamespace(name: string): void {
  if (existsSync(`/run/netns/${name}`)) ip('netns', 'del', name);
}

function removeStale(): void {
  for (const [, name, pid] of ip('netns', 'list').matchAll(/^(heddle-(\d+)-\d+)/gm))
    if (!existsSync(`/proc/${pid}`)) removeNamespace(name!);
  for (const [, link, pid] of ip('-o', 'link').matchAll(/^\d+: (hd[bv](\d+)[-\w]*)[@:]/gm))
    if (!existsSync(`/proc/${pid}`)) removeLink(link!);
}
