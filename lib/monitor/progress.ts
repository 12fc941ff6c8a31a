// A line on the terminal that tells how far the running jobs are:
//
//   count  stage 2/3  ████████░░░░ 140/200 tasks  1.2M rows/s  3.4 GB  ETA 0:12
//
// It only folds events. It writes nothing unless the stream is a terminal, nothing for jobs that end within 0.3 s, and
// clears its line when the last job ends, so that it leaves no trace between a script's own lines, unless a job spilled. With two jobs at once
// both share the line. Clock and stream are passed in; a paint happens at most ten times a second.

/** The part of the engine's events that progress needs. A stage that several jobs share reports once, for one of them. */
export type ProgressEvent =
  | {
      readonly type: 'jobStarted';
      readonly job: number;
      readonly action: string;
      readonly name: string;
      readonly stages: readonly { readonly stage: number; readonly tasks: number }[];
    }
  | { readonly type: 'stageStarted'; readonly stage: number }
  | { readonly type: 'stageEnded'; readonly stage: number; readonly ok: boolean }
  | {
      readonly type: 'taskEnded';
      readonly stage: number;
      readonly rowsIn: number;
      readonly bytesIn: number;
      readonly bytesSpilled?: number;
      readonly ok: boolean;
    }
  | { readonly type: 'estimateUpdated'; readonly job: number; readonly mean: number; readonly halfWidth: number }
  | { readonly type: 'jobEnded'; readonly job: number };

/** What is written to: process.stderr, or a test's recorder. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressClock {
  /** Milliseconds from any fixed point. */
  now(): number;
  /** Calls back once, unless the returned function is called before. Must not keep the process alive. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemClock: ProgressClock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

const SHOW_AFTER = 300;
const PAINT_EVERY = 100;
const CLEAR_LINE = '\r\x1b[2K';

interface StageProgress {
  readonly tasks: number;
  done: number;
  ended: boolean;
}

interface JobProgress {
  readonly label: string;
  readonly start: number;
  readonly stages: Map<number, StageProgress>;
  rows: number;
  bytes: number;
  spilled: number;
  /** What a summary's trials say so far. */
  estimate: string | undefined;
}

function foldIntoStage(event: Extract<ProgressEvent, { stage: number }>, job: JobProgress, stage: StageProgress): void {
  if (event.type === 'stageStarted') {
    stage.ended = false; // a stage is run again when its output is lost
  } else if (event.type === 'stageEnded') {
    stage.ended = event.ok;
    // Tasks that another job had run already do not run again.
    if (event.ok) stage.done = stage.tasks;
  } else if (event.ok) {
    // A task may end well twice: when its output was lost, it is run again.
    stage.done = Math.min(stage.done + 1, stage.tasks);
    job.rows += event.rowsIn;
    job.bytes += event.bytesIn;
    job.spilled += event.bytesSpilled ?? 0;
  }
}

export class Progress {
  private readonly stream: ProgressStream;
  private readonly clock: ProgressClock;
  private readonly jobs = new Map<number, JobProgress>();
  private cancelPaint: (() => void) | undefined;
  private painted = '';

  constructor(stream: ProgressStream = process.stderr, clock: ProgressClock = systemClock) {
    this.stream = stream;
    this.clock = clock;
  }

  /** Takes any event of the engine; those it does not know are none of its business. */
  handle(event: ProgressEvent | { readonly type: string }): void {
    if (this.stream.isTTY === true) this.fold(event as ProgressEvent);
  }

  /** Clears the line and forgets the jobs: the context stops. */
  close(): void {
    this.jobs.clear();
    this.settle();
  }

  private fold(event: ProgressEvent): void {
    switch (event.type) {
      case 'jobStarted': {
        const stages = event.stages.map(({ stage, tasks }) => [stage, { tasks, done: 0, ended: false }] as const);
        const label = printable(event.name || event.action);
        this.jobs.set(event.job, {
          label,
          start: this.clock.now(),
          stages: new Map(stages),
          rows: 0,
          bytes: 0,
          spilled: 0,
          estimate: undefined,
        });
        this.schedule();
        break;
      }
      case 'jobEnded': {
        const job = this.jobs.get(event.job);
        if (job === undefined) break;
        this.jobs.delete(event.job);
        this.tellSpilled(job);
        this.settle();
        break;
      }
      case 'estimateUpdated': {
        const job = this.jobs.get(event.job);
        if (job !== undefined) job.estimate = estimateText(event.mean, event.halfWidth);
        break;
      }
      case 'stageStarted':
      case 'stageEnded':
      case 'taskEnded':
        for (const job of this.jobs.values()) {
          const stage = job.stages.get(event.stage);
          if (stage !== undefined) foldIntoStage(event, job, stage);
        }
    }
  }

  /** One timer at a time: until the first job is old enough to show, then one paint after the other. */
  private schedule(): void {
    if (this.cancelPaint !== undefined || this.jobs.size === 0) return;
    const now = this.clock.now();
    const showAt = Math.min(...Array.from(this.jobs.values(), job => job.start + SHOW_AFTER));
    this.cancelPaint = this.clock.after(Math.max(showAt - now, PAINT_EVERY), () => {
      this.cancelPaint = undefined;
      this.paint();
      this.schedule();
    });
  }

  /** The one line that stays: that memory was short explains why a job took its time. */
  private tellSpilled({ label, spilled, start }: JobProgress): void {
    if (spilled === 0) return;
    const seconds = (this.clock.now() - start) / 1000;
    const clear = this.painted === '' ? '' : CLEAR_LINE;
    this.painted = '';
    this.stream.write(`${clear}${label}  ${decimal(spilled, ' ')}B spilled to disk for want of memory  ${duration(seconds)}\n`);
  }

  /** A job has ended: nothing of it may stay on the terminal, and no timer may wait for it. */
  private settle(): void {
    const now = this.clock.now();
    if (Array.from(this.jobs.values()).some(job => now - job.start >= SHOW_AFTER)) return;
    this.cancelPaint?.();
    this.cancelPaint = undefined;
    if (this.painted !== '') this.stream.write(CLEAR_LINE);
    this.painted = '';
    this.schedule();
  }

  private paint(): void {
    const now = this.clock.now();
    const shown = Array.from(this.jobs.values()).filter(job => now - job.start >= SHOW_AFTER);
    if (shown.length === 0) return;
    const text = shown.length === 1 ? longForm(shown[0]!, now) : shown.map(shortForm).join('  |  ');
    // One column stays free: a terminal that is filled to its last column wraps, and the line could not be cleared.
    const line = cut(text, (this.stream.columns || 80) - 1);
    if (line === this.painted) return;
    this.stream.write(CLEAR_LINE + line);
    this.painted = line;
  }
}

function longForm(job: JobProgress, now: number): string {
  const { done, total, stage, stages } = position(job);
  const seconds = (now - job.start) / 1000;
  const parts = [job.label, `stage ${stage}/${stages}`, `${bar(total === 0 ? 0 : done / total, 12)} ${done}/${total} tasks`];
  if (job.estimate !== undefined) parts.push(job.estimate);
  if (job.rows > 0) parts.push(`${decimal(job.rows / seconds)} rows/s`);
  if (job.bytes > 0) parts.push(`${decimal(job.bytes, ' ')}B`);
  if (job.spilled > 0) parts.push(`${decimal(job.spilled, ' ')}B spilled`);
  if (done > 0) parts.push(`ETA ${duration((seconds * (total - done)) / done)}`);
  return parts.join('  ');
}

/** A mean with two digits of its half width, and no more digits than that. */
function estimateText(mean: number, halfWidth: number): string {
  if (!(halfWidth > 0 && halfWidth < Infinity)) return String(Number(mean.toPrecision(6)));
  const width = Number(halfWidth.toPrecision(2));
  const places = Math.min(100, Math.max(0, 1 - Math.floor(Math.log10(width))));
  return Math.abs(mean) < 1e15 && places < 20 ? `${mean.toFixed(places)} ± ${width.toFixed(places)}` : `${mean.toPrecision(6)} ± ${width}`;
}

function shortForm(job: JobProgress): string {
  const { done, total, stage, stages } = position(job);
  return `${job.label}  stage ${stage}/${stages}  ${done}/${total} tasks`;
}

function position(job: JobProgress): { done: number; total: number; stage: number; stages: number } {
  let done = 0;
  let total = 0;
  let ended = 0;
  for (const stage of job.stages.values()) {
    done += stage.done;
    total += stage.tasks;
    if (stage.ended) ended++;
  }
  return { done, total, stage: Math.min(ended + 1, job.stages.size), stages: job.stages.size };
}

function bar(share: number, width: number): string {
  const filled = Math.round(share * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P'];

/** 1234567 as 1.2M: decimal prefixes, three digits at most. */
function decimal(value: number, gap = ''): string {
  let prefix = 0;
  let rest = value;
  while (rest >= 999.5 && prefix < PREFIXES.length - 1) {
    rest /= 1000;
    prefix++;
  }
  return `${rest < 9.95 && prefix > 0 ? rest.toFixed(1) : Math.round(rest)}${gap}${PREFIXES[prefix]}`;
}

/** Seconds as 0:07, 12:34 or 1:02:03. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const pad = (part: number): string => String(part).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** Names come from users: no control character may reach the terminal. */
function printable(name: string): string {
  return cut(name.replace(/\p{C}+/gu, ' ').trim(), 40);
}

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u{ff01}-\u{ff60}]/u;

/** The beginning of a text that fits into `columns` of a terminal. */
function cut(text: string, columns: number): string {
  let used = 0;
  let fits = '';
  for (const character of text) {
    used += WIDE.test(character) ? 2 : /\p{M}/u.test(character) ? 0 : 1;
    if (used > columns) return fits;
    fits += character;
  }
  return fits;
}
