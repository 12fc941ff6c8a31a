// What is to go wrong in a run, drawn from its seed: which fault, of which executor, at which event of the driver, for how long.
import { spawnSync } from 'node:child_process';
import { type Choose, chooser } from '../e2e/orders.js';
import { JOBS, type Job, type JobName } from './jobs.js';
import type { FlowName } from './member.js';

/** kill: SIGKILL. stop: SIGSTOP, SIGCONT later. slow: a fifth of the time. disk: full. The others befall frames. */
export const KINDS = ['kill', 'stop', 'slow', 'disk', 'cut', 'delay', 'corrupt', 'truncate'] as const;
export type Kind = (typeof KINDS)[number];

const EVENTS = ['taskStarted', 'taskEnded', 'stageStarted', 'stageEnded'] as const;
export type FaultEvent = (typeof EVENTS)[number];

export interface Fault {
  readonly kind: Kind;
  readonly member: number;
  /** It strikes with the driver's count-th event of this type, or, where it befalls a frame, with one after that. */
  readonly at: { readonly type: FaultEvent; readonly count: number };
  /**
   * Events of the driver until it is over: a stopped process goes on, delayed frames arrive, another process takes the place of a
   * killed one. Infinity: not before the driver has given the executor up, or, of a killed one, not in this run.
   */
  readonly lasts: number;
  /** Of those that befall frames. */
  readonly flow: FlowName;
  /** Frames that go by before. */
  readonly after: number;
  /** Which byte of a frame. */
  readonly pick: number;
}

const FLOWS = ['tasks', 'outcomes', 'requests', 'rows', 'rows'] as const;
const MOST_FAULTS = 4;
const MEMBERS = 3;

/** Why a kind of fault cannot be had on this system. */
export function missing(kind: Kind): string | undefined {
  if (kind !== 'disk' || spawnSync('prlimit', ['--version']).status === 0) return undefined;
  return 'there is no prlimit here, and so no disk that seems full';
}

/** The faults of a run, one to four. */
export function drawFaults(seed: number, job: JobName): Fault[] {
  const choose = chooser(seed * 7919 + job.length);
  for (let i = 0; i < 5; i++) choose(2); // the first numbers of neighbouring seeds are alike
  const { tasks, stages, ...rest } = JOBS[job] as Job;
  const usesDisk = (rest.spills ?? rest.writes) === true;
  const possible = KINDS.filter(kind => (kind !== 'disk' || usesDisk) && missing(kind) === undefined);
  const drawn = Array.from({ length: 1 + choose(MOST_FAULTS) }, () => possible[choose(possible.length)]!);
  let isShort = false;
  return drawn.map(kind => {
    const type = EVENTS[[0, 0, 1, 1, 2, 3][choose(6)]!]!;
    // Of a full disk a task hears only if it is full before.
    const most = type.startsWith('task') ? tasks : stages;
    const count = 1 + (kind === 'disk' ? choose(2) : choose(most - (type.endsWith('Ended') ? 1 : 0)));
    // At most one place stays empty.
    const isLong = choose(2) === 0 && !(kind === 'kill' && isShort);
    if (kind === 'kill' && isLong) isShort = true;
    return {
      kind,
      member: choose(MEMBERS),
      at: { type, count },
      lasts: isLong ? Number.POSITIVE_INFINITY : 1 + choose(8),
      flow: FLOWS[choose(FLOWS.length)]!,
      // Rows of more than a megabyte come in several frames.
      after: choose(2) === 0 ? 0 : choose(6),
      pick: pickByte(choose),
    };
  });
}

/** Headers are short, and as likely to be hit as what they head. */
function pickByte(choose: Choose): number {
  return choose(2) === 0 ? choose(12) : choose(2 ** 20);
}

export function describeFault({ kind, member, at, lasts, flow, after, pick }: Fault): string {
  const when = `at ${at.type} ${at.count}`;
  const long = Number.isFinite(lasts) ? `for ${lasts} events` : 'for good';
  switch (kind) {
    case 'kill':
    case 'stop':
      return `${kind} executor ${member} ${when}, ${long}`;
    case 'slow':
    case 'disk':
      return `${kind} executor ${member} ${when}`;
    case 'delay':
      return `delay ${flow} of executor ${member} ${when} and ${after} frames, ${long}`;
    default:
      return `${kind} ${flow} of executor ${member} ${when} and ${after} frames (byte ${pick})`;
  }
}
