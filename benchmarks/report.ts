// The outcome of a benchmark as text for a terminal, as Markdown for the documentation, and as one JSON document.

import { HEDDLE } from './contenders/heddle.js';
import type { JobName } from './jobs.js';
import { JOBS } from './jobs.js';
import type { Machine } from './machine.js';
import { median, type Row } from './measure.js';
import type { Overheads } from './overheads.js';
import type { Verdict } from './targets.js';

export interface LeftOut {
  readonly job: JobName;
  readonly who: string;
  readonly reason: string;
}

export interface Outcome {
  readonly machine: Machine;
  readonly threads: number;
  readonly repeats: number;
  readonly text: string;
  /** Version by contender. */
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly leftOut: readonly LeftOut[];
  readonly overheads: Overheads | null;
  readonly verdicts: readonly Verdict[];
}

type Style = 'text' | 'markdown';
const MOST_SHOWN = 160;
const HEADING = ['who', 'cold s', 'warm s', 'warm / heddle', 'whole s', 'whole / heddle', 'peak MB'];

/** The tables of all jobs, the verdicts, and what it ran on. */
export function renderOutcome(outcome: Outcome, style: Style): string {
  const { machine, versions } = outcome;
  const parts: string[] = [];
  for (const job of new Set(outcome.rows.map(row => row.job))) {
    parts.push(
      heading(JOBS[job].title, style),
      renderJob(
        outcome.rows.filter(row => row.job === job),
        style,
      ),
    );
    const absent = outcome.leftOut.filter(({ job: of }) => of === job);
    if (absent.length > 0) parts.push(absent.map(({ who, reason }) => `left out: ${who}: ${reason}`).join('\n'));
  }
  if (outcome.verdicts.length > 0) {
    const lines = outcome.verdicts.map(({ target, measured, verdict }) => [target, measured, verdict]);
    parts.push(heading('Targets', style), renderTable(['target', 'measured', 'verdict'], lines, style));
  }
  parts.push(heading('Measured on', style));
  parts.push(
    bullets([
      `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, ${machine.date}`,
      `${outcome.threads} threads, medians of ${outcome.repeats}`,
      ...Object.entries(versions).map(([who, version]) => `${who}: ${version}`),
    ]),
  );
  return `${parts.join('\n\n')}\n`;
}

/** One job: medians, and how many times Heddle's each one is. */
export function renderJob(rows: readonly Row[], style: Style): string {
  const own = rows.find(({ who, failed }) => who === HEDDLE && failed === null);
  const base = { warm: median(own?.warm ?? []), whole: median(own?.whole ?? []) };
  const lines = rows.map(row => {
    if (row.failed !== null) return [row.who, `FAILED: ${brief(row.failed)}`, '', '', '', '', ''];
    const [warm, whole] = [median(row.warm), median(row.whole)];
    return [
      row.who,
      seconds(row.cold),
      seconds(warm),
      ratio(warm, base.warm),
      seconds(whole),
      ratio(whole, base.whole),
      megabytes(median(row.peak)),
    ];
  });
  return renderTable(HEADING, lines, style);
}

/** What a program said when it failed, in a line: from where it names an error, without the stack. */
export function brief(failure: string): string {
  const lines = failure.split('\n').map(line => line.trim());
  const named = lines.find(line => /^\S*(Error|Exception)\b/.test(line));
  const text = named ?? lines.filter(line => line !== '').join(' ');
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN - 1)}…` : text;
}

/** Times under a tenth of a second keep their milliseconds. */
function seconds(time: number | null): string {
  if (time === null) return '-';
  return time < 0.1 ? time.toFixed(4) : time < 10 ? time.toFixed(3) : time.toFixed(1);
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '-' : (bytes / 1e6).toFixed(0);
}

function ratio(time: number | null, base: number | null): string {
  return time === null || base === null ? '-' : `${(time / base).toFixed(2)}x`;
}

/** Rows under a head; the first column stands to the left. */
export function renderTable(head: readonly string[], lines: readonly (readonly string[])[], style: Style): string {
  if (style === 'markdown') {
    const row = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    return [row(head), `|${head.map((_, i) => (i === 0 ? '---|' : '---:|')).join('')}`, ...lines.map(row)].join('\n');
  }
  // the message of a failed row runs on over the columns that it leaves empty, and widens none
  const widths = head.map((title, i) => Math.max(title.length, ...lines.filter(line => !isMessage(line)).map(line => line[i]!.length)));
  widths[0] = Math.max(widths[0]!, ...lines.map(line => line[0]!.length));
  const row = (cells: readonly string[]) =>
    isMessage(cells)
      ? `${cells[0]!.padEnd(widths[0]!)}  ${cells[1]}`
      : cells
          .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
          .join('  ')
          .trimEnd();
  return [row(head), ...lines.map(row)].join('\n');
}

function isMessage(line: readonly string[]): boolean {
  return line.length > 2 && line.slice(2).every(cell => cell === '');
}

function heading(title: string, style: Style): string {
  return style === 'markdown' ? `### ${title}` : `${title}\n${'-'.repeat(title.length)}`;
}

function bullets(lines: readonly string[]): string {
  return lines.map(line => `- ${line}`).join('\n');
}
