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

/** What is made for a batch is used while it is in a core's cache, and gone before garbage is collected. */
const BATCH_ROWS = 512;

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

export class JoinSource implements Source {
  readonly bytesRead = 0;
  private g = 0;
  private line = 0;
  private readonly shape: JoinShape;
  constructor(
    private readonly groups: Cogrouped,
    kind: JoinKind,
    private readonly block: number,
  ) {
    this.shape = new JoinShape(groups, kind);
  }

  next(): Batch | null {
    const { groups, shape, block } = this;
    const part: Part = { first: this.g, line: this.line, last: this.g, end: this.line };
    let n = 0;
    while (n < BATCH_ROWS && this.g < groups.size) {
      const { g, line } = this;
      const lines = shape.lines(g);
      const width = shape.width(g);
      // One value at least of the left side: a right side alone may be more than a batch.
      const to = width === 0 ? lines : Math.min(lines, line + Math.max(1, Math.floor((BATCH_ROWS - n) / width)));
      n += (to - line) * width;
      part.last = g;
      part.end = to;
      this.line = to;
      if (to < lines) continue;
      this.g++;
      this.line = 0;
    }
    if (n === 0) return null;
    return {
      kind: 'pairs',
      get keys() {
        return shape.keys(part, n);
      },
      get values() {
        return shape.values(part, n);
      },
      n,
      block,
    };
  }

  close(): void {
    this.groups.dispose();
  }
}

/** Some rows of a join: from a line of the first group to a line of the last one, exclusive. */
interface Part {
  readonly first: number;
  readonly line: number;
  last: number;
  end: number;
}

/** The rows that come of a group: lines, one for each value of its left side, each as wide as the right side has values. */
class JoinShape {
  /** What a side that is missing counts as. */
  private readonly noLeft: number;
  private readonly noRight: number;

  constructor(
    private readonly groups: Cogrouped,
    private readonly kind: JoinKind,
  ) {
    this.noLeft = kind === 'right' || kind === 'full' ? 1 : 0;
    this.noRight = kind === 'left' || kind === 'full' ? 1 : 0;
  }

  lines(g: number): number {
    return this.groups.count(0, g) || this.noLeft;
  }

  width(g: number): number {
    const right = this.groups.count(1, g);
    return this.kind === 'subtract' ? Number(right === 0) : right || this.noRight;
  }

  keys({ first, line, last, end }: Part, n: number): unknown[] {
    const { keys } = this.groups;
    const own: unknown[] = new Array(n);
    let at = 0;
    for (let g = first, from = line; g <= last; g++, from = 0) {
      const rows = ((g === last ? end : this.lines(g)) - from) * this.width(g);
      const key = keys[g];
      for (const to = at + rows; at < to; at++) own[at] = key;
    }
    return own;
  }

  values({ first, line, last, end }: Part, n: number): unknown[] {
    const { groups, kind } = this;
    const own: unknown[] = new Array(n);
    let at = 0;
    for (let g = first, from = line; g <= last; g++, from = 0) {
      const to = g === last ? end : this.lines(g);
      const width = this.width(g);
      if (width === 0) continue;
      const hasLeft = groups.count(0, g) > 0;
      if (kind === 'subtract') {
        for (let i = from; i < to; i++) own[at++] = groups.value(0, g, i);
      } else if (width === 1) {
        const b = groups.count(1, g) > 0 ? groups.value(1, g, 0) : undefined;
        for (let i = from; i < to; i++) own[at++] = [hasLeft ? groups.value(0, g, i) : undefined, b];
      } else {
        // Once for all lines: a value that is not made yet is another one each time.
        const rights = Array.from({ length: width }, (_, j) => groups.value(1, g, j));
        for (let i = from; i < to; i++) {
          const a = hasLeft ? groups.value(0, g, i) : undefined;
          for (let j = 0; j < width; j++) own[at++] = [a, rights[j]];
        }
      }
    }
    return own;
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
