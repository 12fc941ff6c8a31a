// Makes the faults of a run happen, hand in hand with the events of its driver, and counts those that did.
import type { EngineEvent, ExecutorLost } from '../../lib/core/events.js';
import type { Fault, FaultEvent, Kind } from './faults.js';
import type { Fleet } from './fleet.js';
import type { FlowName, Member, Mode } from './member.js';
import type { TamperingProxy, Way } from './proxy.js';

interface Lasting {
  readonly fault: Fault;
  /** The number of the event that ends it. */
  readonly until: number;
  end(): void;
}

export class Injector {
  readonly struck: Fault[] = [];
  private readonly pending: Set<Fault>;
  private readonly lasting = new Set<Lasting>();
  private readonly counts = new Map<string, number>();
  private seen = 0;
  /** The fault that has filled a disk. */
  private disk: Fault | undefined;

  constructor(
    private readonly fleet: Fleet,
    faults: readonly Fault[],
    /** A disk is one that all executors write to, or one of each. */
    private readonly isDiskShared: boolean,
  ) {
    this.pending = new Set(faults);
  }

  take(event: EngineEvent): void {
    this.seen++;
    const { type } = event;
    const count = (this.counts.get(type) ?? 0) + 1;
    this.counts.set(type, count);
    if (type === 'executorLost') this.executorLost(event);
    if (type === 'jobWaiting') this.endAll();
    if (type === 'taskEnded' && isOfDisk(event.error?.code)) this.diskWasFull();
    for (const each of this.lasting) if (this.seen >= each.until) this.over(each);
    for (const fault of this.pending) {
      if (fault.at.type !== (type as FaultEvent) || fault.at.count !== count) continue;
      this.pending.delete(fault);
      this.strike(fault);
    }
  }

  /** How often each kind has happened. */
  tally(): Map<Kind, number> {
    const tally = new Map<Kind, number>();
    for (const { kind } of this.struck) tally.set(kind, (tally.get(kind) ?? 0) + 1);
    return tally;
  }

  private strike(fault: Fault): void {
    const member = this.fleet.members[fault.member]!;
    if (!member.isAlive) return;
    switch (fault.kind) {
      case 'kill':
        this.struck.push(fault);
        void member.kill();
        this.last(fault, () => void member.start().catch(() => {}));
        return;
      case 'stop':
        this.struck.push(fault);
        member.freeze();
        this.last(fault, () => member.thaw());
        return;
      case 'slow':
        this.struck.push(fault);
        member.slowDown();
        return;
      case 'disk':
        this.fill(fault);
        return;
      default:
        this.tamper(fault, fault.kind, member);
    }
  }

  private fill(fault: Fault): void {
    for (const member of this.fleet.members) if (this.isDiskShared || member.index === fault.member) member.fillDisk(true);
    this.disk ??= fault;
  }

  /** A task has failed by it: before that it may be that nobody has written anything. */
  private diskWasFull(): void {
    if (this.disk !== undefined && !this.struck.includes(this.disk)) this.struck.push(this.disk);
  }

  private tamper(fault: Fault, kind: 'cut' | 'delay' | 'corrupt' | 'truncate', member: Member): void {
    const { proxy, way } = flowOf(member, fault.flow, this.fleet.mode);
    proxy.tamper(way, {
      kind,
      after: fault.after,
      pick: fault.pick,
      done: release => {
        this.struck.push(fault);
        if (kind === 'delay') this.last(fault, release);
      },
    });
  }

  private last(fault: Fault, end: () => void): void {
    this.lasting.add({ fault, until: this.seen + fault.lasts, end });
  }

  private over(each: Lasting): void {
    this.lasting.delete(each);
    each.end();
  }

  /** What has cost an executor its driver need not last any longer. */
  private executorLost({ executor }: ExecutorLost): void {
    const member = this.fleet.memberOf(executor);
    for (const each of this.lasting) {
      const isHis = member === undefined || each.fault.member === member.index;
      if (isHis && each.fault.kind !== 'kill') this.over(each);
    }
  }

  /** Nobody is left: nothing would happen any more. */
  private endAll(): void {
    for (const each of this.lasting) this.over(each);
  }
}

function isOfDisk(code: string | undefined): boolean {
  return code === 'HEDDLE_SPILL' || code === 'HEDDLE_IO';
}

/** Which proxy carries it, and which way. */
function flowOf(member: Member, flow: FlowName, mode: Mode): { readonly proxy: TamperingProxy; readonly way: Way } {
  switch (flow) {
    case 'requests':
      return { proxy: member.peers, way: 'up' };
    case 'rows':
      return { proxy: member.peers, way: 'down' };
    case 'tasks':
      return { proxy: member.driver, way: mode === 'dialled' ? 'up' : 'down' };
    case 'outcomes':
      return { proxy: member.driver, way: mode === 'dialled' ? 'down' : 'up' };
  }
}
