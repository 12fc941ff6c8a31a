// Sinks that fold rows into one value. Each block of the source's elements is folded by itself and the blocks' values
// are merged in a fixed tree, so that the answer, to the last bit of a floating-point sum, does not depend on partitions.

import { readColumn } from '../../codec/column.js';
import { HeddleError, show } from '../../core/errors.js';
import type { BlockRange } from '../blocks.js';
import { rowExpression, type SinkCode } from '../compile.js';
import type { AnyFunction } from '../functions.js';
import { FixedTree } from '../stats/fixed-tree.js';
import { Moments, type MomentsRecord } from '../stats/moments.js';
import { encodeNodes } from '../stats/tree-columns.js';
import { Sink, type SinkResult } from './sink.js';

export abstract class TreeSink<P> extends Sink {
  private readonly tree: FixedTree<P>;
  override readonly ownsBlocks = true;

  constructor(blocks: BlockRange, merge: (a: P, b: P) => P) {
    super();
    this.tree = new FixedTree(blocks.from, blocks.to, merge);
  }

  /** Whether a row came in this block. */
  protected abstract readonly hasRows: boolean;
  /** The value of the block that just ended; starts the next block. */
  protected abstract takeBlock(): P;

  override endBlock(block: number): void {
    if (this.hasRows) this.tree.push(block, this.takeBlock());
  }

  finish(): SinkResult {
    const nodes = this.tree.nodes();
    return { columns: encodeNodes(nodes, partial => this.encode(partial)), rowsOut: nodes.length, bytesOut: 0 };
  }

  protected encode(partial: P): unknown {
    return partial;
  }
}

/**
 * Code that folds rows into `value` by s0. As long as it is a number it is in a variable that is never anything else, which V8
 * needs to keep it in a register; `+` tells it that the function's answer is one.
 */
const FOLD_BEFORE = "let value = sink.value, isNumber = typeof value === 'number', number = isNumber ? +value : 0;";
const foldRow = (row: string) =>
  `if (isNumber) { const next = s0(number, ${row}); if (typeof next === 'number') number = +next; else { value = next; isNumber = false; } }`;
const FOLD_AFTER = 'sink.value = isNumber ? number : value;';

/** reduce: rows combined by one function. */
export class ReduceSink extends TreeSink<unknown> {
  hasRows = false;
  value: unknown = undefined;
  readonly variant = 'reduce';
  constructor(
    blocks: BlockRange,
    private readonly f: AnyFunction,
  ) {
    super(blocks, f as (a: unknown, b: unknown) => unknown);
  }

  override functions(): readonly AnyFunction[] {
    return [this.f];
  }

  code(): SinkCode {
    return {
      functions: 1,
      numbers: ['number'],
      before: `${FOLD_BEFORE} let has = sink.hasRows;`,
      row: row => `${foldRow(rowExpression(row))} else if (has) value = s0(value, ${rowExpression(row)});
        else { value = ${rowExpression(row)}; has = true; if (typeof value === 'number') { number = +value; isNumber = true; } }`,
      after: `${FOLD_AFTER} sink.hasRows = has;`,
    };
  }

  protected takeBlock(): unknown {
    const { value } = this;
    this.hasRows = false;
    this.value = undefined;
    return value;
  }
}

/** aggregate: rows folded into a copy of zero, those merged by another function. */
export class AggregateSink extends TreeSink<unknown> {
  value: unknown;
  private readonly zero: Uint8Array;
  hasRows = false;
  readonly variant = 'aggregate';
  constructor(
    blocks: BlockRange,
    zero: Uint8Array,
    private readonly seq: AnyFunction,
    comb: AnyFunction,
  ) {
    super(blocks, comb as (a: unknown, b: unknown) => unknown);
    // Copied, for inside its program a column may begin anywhere, and it is read in place.
    this.zero = new Uint8Array(zero);
    this.value = this.freshZero();
  }

  override functions(): readonly AnyFunction[] {
    return [this.seq];
  }

  code(): SinkCode {
    return {
      functions: 1,
      numbers: ['number'],
      before: `${FOLD_BEFORE} let any = sink.hasRows;`,
      row: row => `${foldRow(rowExpression(row))} else value = s0(value, ${rowExpression(row)}); any = true;`,
      after: `${FOLD_AFTER} sink.hasRows = any;`,
    };
  }

  protected takeBlock(): unknown {
    const { value } = this;
    this.hasRows = false;
    this.value = this.freshZero();
    return value;
  }

  /** A copy each time: the user's function may change it. */
  private freshZero(): unknown {
    return readColumn(this.zero)[0];
  }
}

const requireNumber = (row: string) => `if (typeof ${row} !== 'number') throw sink.notNumber(${row});`;

function notNumber(row: unknown): HeddleError {
  return new HeddleError('HEDDLE_VALUE', `sum, mean and stats need numbers, got ${show(row)}`);
}

/** sum and mean: [count, sum] of numbers. */
export class SumSink extends TreeSink<readonly [number, number]> {
  count = 0;
  sum = 0;
  readonly variant = 'sum';
  constructor(blocks: BlockRange) {
    super(blocks, (a, b) => [a[0] + b[0], a[1] + b[1]]);
  }

  code(): SinkCode {
    return {
      functions: 0,
      numbers: ['sum'],
      before: 'let count = sink.count, sum = sink.sum;',
      row: row => `${requireNumber(rowExpression(row))} sum += ${rowExpression(row)}; count++;`,
      after: 'sink.count = count; sink.sum = sum;',
    };
  }

  readonly notNumber = notNumber;

  protected get hasRows(): boolean {
    return this.count > 0;
  }

  protected takeBlock(): readonly [number, number] {
    const value = [this.count, this.sum] as const;
    this.count = 0;
    this.sum = 0;
    return value;
  }
}

/** stats: count, mean, variance, extremes. */
export class MomentsSink extends TreeSink<Moments> {
  moments = new Moments();
  readonly variant = 'moments';
  constructor(blocks: BlockRange) {
    super(blocks, (a, b) => a.merge(b));
  }

  code(): SinkCode {
    return {
      functions: 0,
      before: 'const moments = sink.moments;',
      row: row => `${requireNumber(rowExpression(row))} moments.add(${rowExpression(row)});`,
      after: '',
    };
  }

  readonly notNumber = notNumber;

  protected get hasRows(): boolean {
    return this.moments.count > 0;
  }

  protected takeBlock(): Moments {
    const value = this.moments;
    this.moments = new Moments();
    return value;
  }

  protected override encode(partial: Moments): MomentsRecord {
    return partial.toRecord();
  }
}
