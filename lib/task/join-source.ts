// Sources over grouped rows: the groups themselves, or the pairs of a join, which are made a batch at a time and only where
// somebody looks at them.

import type { Batch, Source } from './batch.js';
import { type Cogrouped, GroupedByIndex } from './cogroup.js';
import type { GroupRanges } from './spilled-groups.js';

/**
 * What becomes of a key's values of two inputs: every value of one with every value of the other, in an outer join with undefined where
 * a side has none; or the left side's alone, where the right one has none.
 */
export type JoinKind = 'inner' | 'left' | 'right' | 'full' | 'subtract';

const BATCH_ROWS = 4096;

/** For each key one array of values an input. */
export class CogroupSource implements Source {
  readonly bytesRead = 0;
  private given = 0;
  constructor(
    private readonly groups: Cogrouped,
    private readonly inputs: number,
    private readonly block: number,
  ) {}

  next(): Batch | null {
    const { groups, given, block, inputs } = this;
    const n = Math.min(groups.size - given, BATCH_ROWS);
    if (n === 0) return null;
    this.given += n;
    return {
      kind: 'pairs',
      get keys() {
        return Array.from({ length: n }, (_, i) => groups.keys[given + i]);
      },
      get values() {
        return Array.from({ length: n }, (_, i) => Array.from({ length: inputs }, (_, input) => arrayOf(groups, input, given + i)));
      },
      n,
      block,
    };
  }

  close(): void {
    this.groups.dispose();
  }
}

/** For each key the array of the values of the one input. */
export class GroupSource implements Source {
  readonly bytesRead = 0;
  private given = 0;
  constructor(
    private readonly groups: Cogrouped,
    private readonly block: number,
  ) {}

  next(): Batch | null {
    const { groups, given, block } = this;
    const n = Math.min(groups.size - given, BATCH_ROWS);
    if (n === 0) return null;
    this.given += n;
    return {
      kind: 'pairs',
      keys: Array.from({ length: n }, (_, i) => groups.keys[given + i]),
      // Made when they are asked for: a count does not ask.
      get values() {
        return Array.from({ length: n }, (_, i) => arrayOf(groups, 0, given + i));
      },
      n,
      block,
    };
  }

  close(): void {
    this.groups.dispose();
  }
}

function arrayOf(groups: Cogrouped, input: number, g: number): unknown[] {
  const n = groups.count(input, g);
  const values: unknown[] = [];
  for (let i = 0; i < n; i++) values.push(groups.value(input, g, i));
  return values;
}

/**
 * Stretches of the rows of a join, four numbers each: a group, the lines of its left side from one to another, and how many rows
 * each of these has, one for each value of the right side.
 */
type Stretches = number[];

export class JoinSource implements Source {
  readonly bytesRead = 0;
  private g = 0;
  private line = 0;
  constructor(
    private readonly groups: Cogrouped,
    private readonly kind: JoinKind,
    private readonly block: number,
  ) {}

  next(): Batch | null {
    const { groups, kind, block } = this;
    const stretches: Stretches = [];
    let n = 0;
    while (n < BATCH_ROWS && this.g < groups.size) {
      const { g, line } = this;
      const [lines, right] = this.shape(g);
      // One value at least of the left side: a right side alone may be more than a batch.
      const to = right === 0 ? lines : Math.min(lines, line + Math.max(1, Math.floor((BATCH_ROWS - n) / right)));
      if (to > line && right > 0) stretches.push(g, line, to, right);
      n += (to - line) * right;
      this.line = to;
      if (to < lines) continue;
      this.g++;
      this.line = 0;
    }
    if (n === 0) return null;
    return {
      kind: 'pairs',
      get keys() {
        return keysOf(groups, stretches, n);
      },
      get values() {
        return valuesOf(groups, stretches, n, kind);
      },
      n,
      block,
    };
  }

  close(): void {
    this.groups.dispose();
  }

  /** Lines of a group, and rows of each: a side that is missing counts as one where the join keeps the other. */
  private shape(g: number): [number, number] {
    const [left, right] = [this.groups.count(0, g), this.groups.count(1, g)];
    switch (this.kind) {
      case 'inner':
        return [left, right];
      case 'left':
        return [left, right || 1];
      case 'right':
        return [left || 1, right];
      case 'full':
        return [left || 1, right || 1];
      case 'subtract':
        return [left, right === 0 ? 1 : 0];
    }
  }
}

/** Groups that do not fit into memory at once, range after range. */
export class RangesSource implements Source {
  readonly bytesRead = 0;
  private open: Source | undefined;
  constructor(
    private readonly ranges: GroupRanges,
    private readonly sourceOf: (groups: Cogrouped) => Source,
  ) {}

  next(limit: number): ReturnType<Source['next']> {
    for (;;) {
      if (this.open === undefined) {
        const range = this.ranges.next();
        if (range === null) return null;
        this.open = this.sourceOf(new GroupedByIndex(range.keys, range.groups));
      }
      const batch = this.open.next(limit);
      if (batch !== null) return batch;
      this.open.close();
      this.open = undefined;
    }
  }

  close(): void {
    this.open?.close();
    this.ranges.close();
  }
}

function keysOf({ keys }: Cogrouped, stretches: Stretches, n: number): ArrayLike<unknown> {
  const own: unknown[] = new Array(n);
  let at = 0;
  for (let s = 0; s < stretches.length; s += 4) {
    const key = keys[stretches[s]!];
    const rows = (stretches[s + 2]! - stretches[s + 1]!) * stretches[s + 3]!;
    for (const end = at + rows; at < end; at++) own[at] = key;
  }
  return own;
}

function valuesOf(groups: Cogrouped, stretches: Stretches, n: number, kind: JoinKind): unknown[] {
  const values: unknown[] = new Array(n);
  let at = 0;
  for (let s = 0; s < stretches.length; s += 4) {
    const g = stretches[s]!;
    const to = stretches[s + 2]!;
    const right = stretches[s + 3]!;
    const hasLeft = kind === 'inner' || groups.count(0, g) > 0;
    const hasRight = kind === 'inner' || groups.count(1, g) > 0;
    if (right === 1 && kind !== 'subtract') {
      const b = hasRight ? groups.value(1, g, 0) : undefined;
      for (let line = stretches[s + 1]!; line < to; line++) values[at++] = [hasLeft ? groups.value(0, g, line) : undefined, b];
      continue;
    }
    // Once for all lines: a value that is not made yet is another one each time.
    const rights = Array.from({ length: kind === 'subtract' ? 0 : right }, (_, j) => groups.value(1, g, j));
    for (let line = stretches[s + 1]!; line < to; line++) {
      const a = hasLeft ? groups.value(0, g, line) : undefined;
      if (kind === 'subtract') values[at++] = a;
      else for (let j = 0; j < right; j++) values[at++] = [a, rights[j]];
    }
  }
  return values;
}
