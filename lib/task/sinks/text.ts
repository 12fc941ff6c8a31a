// Rows as lines of text in a part file, which its task commits.

import type { FileSystem } from '../../storage/file-system.js';
import { type OutputSpec, openPart, type PartWriter } from '../../storage/part-writer.js';
import { rowExpression, type SinkCode } from '../compile.js';
import { Sink, type SinkResult } from './sink.js';

/** Lines that wait to be written together. */
const WAITING_LINES = 4096;

export class TextSink extends Sink {
  lines: string[] = [];
  readonly variant = 'text';
  private readonly part: PartWriter;
  private rows = 0;
  private ended = false;

  constructor(files: FileSystem, output: OutputSpec, partition: number, attempt: number) {
    super();
    this.part = openPart(output, partition, attempt, files);
  }

  code(): SinkCode {
    return {
      functions: 0,
      before: 'let lines = sink.lines;',
      row: row => `if (lines.push(String(${rowExpression(row)})) >= ${WAITING_LINES}) { sink.write(); lines = sink.lines; }`,
      after: '',
    };
  }

  write(): void {
    this.rows += this.lines.length;
    this.part.writeLines(this.lines);
    this.lines = [];
  }

  finish(): SinkResult {
    this.write();
    this.part.close();
    this.part.commit();
    this.ended = true;
    return { columns: [], rowsOut: this.rows, bytesOut: this.part.bytesWritten };
  }

  override dispose(): void {
    if (!this.ended) this.part.abort();
  }
}
