import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Progress, type ProgressEvent, systemClock } from '../../lib/monitor/progress.js';

/** A clock that is moved by hand, and calls back in the order of time. */
class HandClock {
  private time = 0;
  private waiting: { at: number; callback: () => void }[] = [];
  readonly now = (): number => this.time;
  readonly after = (milliseconds: number, callback: () => void): (() => void) => {
    const entry = { at: this.time + milliseconds, callback };
    this.waiting.push(entry);
    return () => void (this.waiting = this.waiting.filter(other => other !== entry));
  };
  get timers(): number {
    return this.waiting.length;
  }
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.waiting.filter(entry => entry.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.waiting = this.waiting.filter(entry => entry !== next);
      this.time = next.at;
      next.callback();
    }
    this.time = end;
  }
}

/** A terminal of one line: keeps every write, and what a viewer would see now. */
class Screen {
  isTTY = true;
  columns: number | undefined = 200;
  readonly writes: string[] = [];
  write = (text: string): void => void this.writes.push(text);
  get line(): string {
    const last = this.writes.at(-1) ?? '';
    assert.ok(last === '' || last.startsWith('\r\x1b[2K'), 'each write clears the line first');
    return last.slice('\r\x1b[2K'.length);
  }
}

function setUp() {
  const clock = new HandClock();
  const screen = new Screen();
  const progress = new Progress(screen, clock);
  const handle = (event: ProgressEvent): void => progress.handle(event);
  return {
    clock,
    screen,
    progress,
    start: (job: number, name: string, ...stages: [stage: number, tasks: number][]) =>
      handle({ type: 'jobStarted', job, action: 'collect', name, stages: stages.map(([stage, tasks]) => ({ stage, tasks })) }),
    task: (stage: number, rowsIn = 0, bytesIn = 0, ok = true, bytesSpilled = 0) =>
      handle({ type: 'taskEnded', stage, rowsIn, bytesIn, bytesSpilled, ok }),
    endStage: (stage: number, ok = true) => handle({ type: 'stageEnded', stage, ok }),
    estimate: (job: number, mean: number, halfWidth: number) => handle({ type: 'estimateUpdated', job, mean, halfWidth }),
    end: (job: number) => handle({ type: 'jobEnded', job }),
  };
}

describe('progress', () => {
  test('tells stage, tasks, rows a second, bytes and the time that is left', () => {
    const { clock, screen, start, task, endStage, end } = setUp();
    start(1, 'count', [10, 4], [11, 4]);
    clock.advance(1000);
    assert.equal(screen.line, 'count  stage 1/2  ░░░░░░░░░░░░ 0/8 tasks');
    for (let i = 0; i < 4; i++) task(10, 600_000, 850_000_000);
    endStage(10);
    clock.advance(1000);
    assert.equal(screen.line, 'count  stage 2/2  ██████░░░░░░ 4/8 tasks  1.2M rows/s  3.4 GB  ETA 0:02');
    end(1);
    assert.equal(screen.line, '');
    assert.equal(clock.timers, 0);
  });

  test('leaves a line about a job that spilled, and only about that', () => {
    const { clock, screen, start, task, endStage, end } = setUp();
    start(1, 'sort', [10, 2], [11, 2]);
    start(2, 'count', [20, 1]);
    clock.advance(1000);
    task(10, 0, 0, true, 1_500_000_000);
    task(10, 0, 0, false, 7_000_000_000); // does not count
    endStage(10);
    end(2);
    clock.advance(1000);
    assert.match(screen.line, /1\.5 GB spilled/);
    end(1);
    assert.equal(screen.writes.at(-1), '\r\x1b[2Ksort  1.5 GB spilled to disk for want of memory  0:02\n');
    assert.equal(clock.timers, 0);
  });

  test('tells the mean of a summary and its half width, with as many digits as they are worth', () => {
    const cases: [mean: number, halfWidth: number, text: string][] = [
      [6.54321, 0.00123, '6.5432 ± 0.0012'],
      [-12_345.678, 91.2, '-12346 ± 91'],
      [0.5, Number.NaN, '0.5'],
      [7, 0, '7'],
      [1e300, 1e297, '1.00000e+300 ± 1e+297'],
      [2e-9, 3.14e-11, '0.000000002000 ± 0.000000000031'],
    ];
    for (const [mean, halfWidth, text] of cases) {
      const { clock, screen, start, estimate, end } = setUp();
      start(1, 'pi', [0, 4]);
      estimate(1, mean, halfWidth);
      estimate(99, 1, 1);
      clock.advance(300);
      assert.equal(screen.line, `pi  stage 1/1  ░░░░░░░░░░░░ 0/4 tasks  ${text}`);
      end(1);
    }
  });

  test('shows the action of a job without a name, and no control characters of a name', () => {
    const { clock, screen, start, end } = setUp();
    start(1, '', [0, 1]);
    clock.advance(300);
    assert.match(screen.line, /^collect {2}stage 1\/1/);
    end(1);
    start(2, 'a\x1b[31m\r\nb', [1, 1]);
    clock.advance(300);
    assert.match(screen.line, /^a \[31m b {2}stage/);
  });

  test('writes nothing for a job that ends within 0.3 s', () => {
    const { clock, screen, start, task, end } = setUp();
    for (let job = 0; job < 5; job++) {
      start(job, 'short', [job, 1]);
      clock.advance(299);
      task(job);
      end(job);
    }
    clock.advance(10_000);
    assert.deepEqual(screen.writes, []);
    assert.equal(clock.timers, 0);
  });

  test('writes nothing, and sets no timer, when the stream is no terminal', () => {
    const { clock, screen, start, task, end } = setUp();
    screen.isTTY = false;
    start(1, 'piped', [0, 2]);
    assert.equal(clock.timers, 0);
    clock.advance(5000);
    task(0);
    end(1);
    assert.deepEqual(screen.writes, []);
  });

  test('paints at most ten times a second, and only what has changed', () => {
    const { clock, screen, start, task } = setUp();
    start(1, 'busy', [0, 100_000]);
    for (let millisecond = 0; millisecond < 1000; millisecond++) {
      task(0, 10, 10);
      clock.advance(1);
    }
    assert.ok(screen.writes.length >= 7 && screen.writes.length <= 8, `${screen.writes.length} writes`);
    const idle = setUp();
    idle.start(1, 'idle', [0, 3]);
    idle.clock.advance(5000);
    assert.equal(idle.screen.writes.length, 1);
  });

  test('is cut to a narrow terminal, with one column free', () => {
    const { clock, screen, start } = setUp();
    screen.columns = 20;
    start(1, 'count', [0, 4]);
    clock.advance(300);
    assert.equal(screen.line, 'count  stage 1/1  ░');
    const wide = setUp();
    wide.screen.columns = 10;
    wide.start(1, '統計統計統計', [0, 1]);
    wide.clock.advance(300);
    assert.equal(wide.screen.line, '統計統計');
    const unknown = setUp();
    unknown.screen.columns = undefined;
    unknown.start(1, 'x'.repeat(39), [0, 4]);
    unknown.clock.advance(300);
    assert.ok(unknown.screen.line.length <= 79);
  });

  test('two jobs at once share the line', () => {
    const { clock, screen, start, task, end } = setUp();
    start(1, 'left', [0, 4]);
    clock.advance(200);
    start(2, 'right', [1, 8]);
    clock.advance(100);
    assert.match(screen.line, /^left {2}stage 1\/1 {2}░+ 0\/4 tasks$/);
    task(1);
    clock.advance(200);
    assert.equal(screen.line, 'left  stage 1/1  0/4 tasks  |  right  stage 1/1  1/8 tasks');
    end(1);
    clock.advance(100);
    assert.match(screen.line, /^right {2}stage 1\/1 {2}█+░+ 1\/8 tasks {2}ETA 0:03$/);
    end(2);
    assert.equal(screen.line, '');
    assert.equal(clock.timers, 0);
  });

  test('a job that is too young to show appears although an older one has ended', () => {
    const { clock, screen, start, end } = setUp();
    start(1, 'old', [0, 4]);
    clock.advance(400);
    start(2, 'young', [1, 4]);
    end(1);
    assert.equal(screen.line, '');
    clock.advance(299);
    assert.equal(screen.line, '');
    clock.advance(1);
    assert.match(screen.line, /^young/);
  });

  test('counts a task once, failed attempts never, and shared stages for every job', () => {
    const { clock, screen, start, task, endStage } = setUp();
    start(1, 'a', [0, 2], [1, 2]);
    start(2, 'b', [0, 2], [2, 2]);
    task(0, 5, 0, false);
    task(0);
    task(0);
    task(0);
    endStage(0);
    clock.advance(300);
    assert.equal(screen.line, 'a  stage 2/2  2/4 tasks  |  b  stage 2/2  2/4 tasks');
    endStage(1, false);
    clock.advance(100);
    assert.equal(screen.writes.length, 1);
  });

  test('close clears the line and stops the clock; events that mean nothing here are ignored', () => {
    const { clock, screen, progress, start, task, end } = setUp();
    start(1, 'stopped', [0, 2]);
    progress.handle({ type: 'warning' });
    task(99);
    end(99);
    clock.advance(300);
    assert.notEqual(screen.line, '');
    progress.close();
    assert.equal(screen.line, '');
    assert.equal(clock.timers, 0);
    end(1);
    assert.equal(screen.writes.length, 2);
  });

  test('long and large figures are short', () => {
    const { clock, screen, start, task } = setUp();
    start(1, 'huge', [0, 1000]);
    task(0, 999_960, 1_500_000_000_000_000);
    clock.advance(10_000);
    assert.match(screen.line, /1\/1000 tasks {2}100k rows\/s {2}1\.5 PB {2}ETA 2:46:30$/);
  });

  test('the clock of the system cancels', async () => {
    const called: string[] = [];
    systemClock.after(0, () => called.push('cancelled'))();
    await new Promise<void>(resolve => {
      systemClock.after(0, () => called.push('kept'));
      setTimeout(resolve, 1);
    });
    assert.deepEqual(called, ['kept']);
  });
});
