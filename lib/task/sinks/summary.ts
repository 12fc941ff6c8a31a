// summary: moments and a digest of numbers, or of each component of arrays of numbers, for each block of the source.

import { HeddleError, show } from '../../core/errors.js';
import type { BlockRange } from '../blocks.js';
import { rowExpression, type SinkCode } from '../compile.js';
import { Digest } from '../stats/digest.js';
import { mergeTallies, mixedWidths, type Tally } from '../stats/estimate.js';
import { Moments } from '../stats/moments.js';
import { TreeSink } from './fold.js';

interface Part {
  moments: Moments;
  readonly digest: Digest | null;
}

const UNKNOWN = -1;

export class SummarySink extends TreeSink<Tally> {
  /** Components of each value; 0 for plain numbers. */
  width = UNKNOWN;
  parts: Part[] = [];
  readonly variant = 'summary';

  constructor(
    blocks: BlockRange,
    private readonly quantiles: boolean,
  ) {
    super(blocks, mergeTallies);
  }

  code(): SinkCode {
    return {
      functions: 0,
      before: 'let part = sink.scalar;',
      row: row => {
        const value = rowExpression(row);
        const kept = this.quantiles ? ` part.digest.add(${value});` : '';
        return `if (typeof ${value} === 'number' && part !== null) { part.moments.add(${value});${kept} }
          else part = sink.add(${value});`;
      },
      after: '',
    };
  }

  /** The one part of plain numbers, once the first was seen. */
  get scalar(): Part | null {
    return this.width === 0 ? this.parts[0]! : null;
  }

  /** Any value, and the first number. */
  add(value: unknown): Part | null {
    const width = typeof value === 'number' ? 0 : widthOf(value);
    if (this.width !== width) {
      if (this.width !== UNKNOWN) throw mixedWidths(this.width, width);
      this.width = width;
      this.parts = Array.from({ length: Math.max(width, 1) }, () => ({
        moments: new Moments(),
        digest: this.quantiles ? new Digest() : null,
      }));
    }
    const components = width === 0 ? [value as number] : (value as ArrayLike<number>);
    for (let i = 0; i < components.length; i++) {
      const { moments, digest } = this.parts[i]!;
      moments.add(components[i]!);
      digest?.add(components[i]!);
    }
    return this.scalar;
  }

  protected get hasRows(): boolean {
    return this.width !== UNKNOWN && this.parts[0]!.moments.count > 0;
  }

  protected takeBlock(): Tally {
    const parts = this.parts.map(({ moments, digest }) => ({ moments: moments.toRecord(), digest: digest?.take() ?? null }));
    // Digests keep their buffers; a Part keeps its place, which the loop holds on to.
    for (const part of this.parts) part.moments = new Moments();
    return { width: this.width, parts };
  }
}

function widthOf(value: unknown): number {
  const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
  const list = value as ArrayLike<unknown>;
  if (!isList || list.length === 0) throw notNumbers(value);
  for (let i = 0; i < list.length; i++) if (typeof list[i] !== 'number') throw notNumbers(value);
  return list.length;
}

function notNumbers(value: unknown): HeddleError {
  return new HeddleError('HEDDLE_VALUE', `summary needs numbers, or arrays of numbers, got ${show(value)}`);
}
