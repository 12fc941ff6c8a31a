// countByValue: how often each row came, in order of first appearance. Text that comes as columns is counted by a kernel, and
// so are strings, until the first row that is none, or until there are very many.

import { KeyIndex } from '../../codec/key-index.js';
import { AggregateOp } from '../../shuffle/kernels.js';
import type { ColumnsBatch } from '../columnar/batch.js';
import { rowExpression, type SinkCode } from '../compile.js';
import type { TaskEnv } from '../env.js';
import { encodeColumn } from './rows.js';
import { Sink, type SinkResult } from './sink.js';
import { TextCombiner } from './text-combiner.js';

/** Texts past which the table would take more of the heap than is its due. */
const MOST_TEXTS = 1 << 18;

/** It is looked at between batches only: what counts come to does not depend on when it is left. */
const NEVER = 2 ** 32 - 1;
const ONE = { kind: 'constant', value: 1 } as const;

export class CountByValueSink extends Sink {
  readonly index = new KeyIndex();
  readonly counts: number[] = [];
  private text: TextCombiner | undefined;

  /** `textual`: columns of text may come. */
  constructor(env: TaskEnv, textual: boolean) {
    super();
    this.text = textual ? new TextCombiner(env.heap, env.kernels, AggregateOp.Sum, NEVER) : undefined;
  }

  get variant(): string {
    return this.text === undefined ? 'countByValue' : 'countByValue of text';
  }

  code(): SinkCode {
    if (this.text !== undefined) return { functions: 0, before: '', row: row => `sink.add(${rowExpression(row)});`, after: '' };
    return {
      functions: 0,
      before: 'const index = sink.index, counts = sink.counts; let d = 0;',
      row: row => `d = index.findOrAdd(${rowExpression(row)}); if (d === counts.length) counts.push(1); else counts[d]++;`,
      after: '',
    };
  }

  override takeColumns(batch: ColumnsBatch): boolean {
    if (this.text === undefined) return false;
    this.text.addColumns(batch, batch.row, ONE, 0);
    return true;
  }

  override afterBatch(): void {
    if (this.text !== undefined && this.text.size > MOST_TEXTS) this.leaveText();
  }

  add(row: unknown): void {
    if (this.text?.add(row, 1) === 'added') return;
    this.leaveText();
    const d = this.index.findOrAdd(row);
    if (d === this.counts.length) this.counts.push(1);
    else this.counts[d]!++;
  }

  finish(): SinkResult {
    this.leaveText();
    const columns = [encodeColumn(this.index.keys), encodeColumn(this.counts)];
    return { columns, rowsOut: this.counts.length, bytesOut: columns[0]!.length + columns[1]!.length };
  }

  override dispose(): void {
    this.text?.dispose();
    this.text = undefined;
  }

  private leaveText(): void {
    if (this.text === undefined) return;
    const { keys, combiners } = this.text.entries();
    for (let i = 0; i < keys.length; i++) {
      this.index.findOrAdd(keys[i]);
      this.counts.push(combiners[i]!);
    }
    this.dispose();
  }
}
