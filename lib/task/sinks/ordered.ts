// takeOrdered, top, min and max: the first rows in an order, in a heap no larger than what is asked for.

import { compareKeys } from '../../codec/key-order.js';
import { BoundedHeap, type Compare } from '../bounded-heap.js';
import { rowExpression, type SinkCode } from '../compile.js';
import type { AnyFunction } from '../functions.js';
import type { OrderSpec } from '../spec.js';
import { encodeColumn } from './rows.js';
import { Sink, type SinkResult } from './sink.js';

/** The order that a description means: that of keys, or a comparator of the user's. */
export function compareOf(descending: boolean, compare: Compare = compareKeys): Compare {
  return descending ? (a, b) => compare(b, a) : compare;
}

export class OrderedSink extends Sink {
  readonly heap: BoundedHeap;
  readonly variant: string;
  constructor(
    private readonly order: OrderSpec,
    private readonly by: AnyFunction | undefined,
  ) {
    super();
    const comparator = order.compares ? (by as unknown as Compare) : undefined;
    this.heap = new BoundedHeap(order.limit, compareOf(order.descending, comparator));
    this.variant = `${order.descending ? 'top' : 'ordered'} ${this.keyed ? 'keyed' : order.compares ? 'compared' : ''}`;
    this.done = order.limit === 0;
  }

  private get keyed(): boolean {
    return this.by !== undefined && !this.order.compares;
  }

  override functions(): readonly AnyFunction[] {
    return this.keyed ? [this.by!] : [];
  }

  code(): SinkCode {
    const before = 'const heap = sink.heap; let k, r$, bound = heap.bound;';
    if (this.order.compares) return { functions: 0, before, row: row => `r$ = ${rowExpression(row)}; heap.offer(r$, r$);`, after: '' };
    // A number that is level with the last one came later; NaN, which is in no relation, goes the long way.
    const out = this.order.descending ? 'k <= bound' : 'k >= bound';
    const key = this.keyed ? 's0(r$)' : 'r$';
    return {
      functions: this.keyed ? 1 : 0,
      before,
      row: row => `r$ = ${rowExpression(row)}; k = ${key}; if (!(typeof k === 'number' && ${out})) bound = heap.offer(k, r$);`,
      after: '',
    };
  }

  /** The rows; before them, where the user's function made them, their keys. */
  finish(): SinkResult {
    const kept = this.heap.sorted();
    const rows = encodeColumn(kept.map(({ row }) => row));
    const columns = this.keyed ? [encodeColumn(kept.map(({ key }) => key)), rows] : [rows];
    return { columns, rowsOut: kept.length, bytesOut: columns.reduce((sum, column) => sum + column.length, 0) };
  }
}
