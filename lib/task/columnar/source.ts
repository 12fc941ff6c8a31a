// Text as batches of columns: bytes are read into the workspace, cut into lines by a kernel, and taken through the steps
// of the plan. A batch that bytes cannot do (text that is no UTF-8, a line too long, a method that needs more than ASCII)
// comes out as its lines, for the loop over all operators: whichever way it goes, its rows are the same.

import { isUtf8 } from 'node:buffer';
import type { Kernels } from '../../shuffle/kernels.js';
import { ByteChunkReader } from '../../storage/byte-chunk-reader.js';
import { decodeLines, lineEnd } from '../../storage/line-decoder.js';
import type { Batch, Source } from '../batch.js';
import type { TaskEnv } from '../env.js';
import type { InputSpec } from '../spec.js';
import type { ColumnsBatch } from './batch.js';
import { compileStep, type StepLoop, type Vector } from './code.js';
import { type ColumnarPlan, PART, PLACE, type Separator, type Step } from './plan.js';
import { spread, type Text } from './spread.js';
import { BATCH_BYTES, BATCH_ROWS, ConstantArea, Workspace } from './workspace.js';

/** Lines in a batch that goes the other way. */
const LINES_BYTES = 64 * 1024;
const LEAST_BATCH_BYTES = 2048;

/** A plan as a thread keeps it: its loops, and where its constants lie. */
export class CompiledPlan {
  readonly constants = new ConstantArea();
  /** undefined where a step only names the columns of its input. */
  readonly loops: readonly (StepLoop | undefined)[];
  /** For each output of a step without a loop, the column of the input that it is. */
  readonly passed: readonly (readonly number[])[];
  /** Whether the places of the parts are asked for. */
  readonly places: readonly boolean[];

  constructor(
    readonly plan: ColumnarPlan,
    name: string,
  ) {
    const { steps, exprs } = plan;
    const isPassed = ({ tests, emits: [first, ...others] }: Step) =>
      tests.length + first!.tests.length + others.length === 0 && first!.outputs.every(output => exprs[output]!.op === 'column');
    this.loops = steps.map(step => (isPassed(step) ? undefined : compileStep(step, exprs, this.constants, `${name}-columns`)));
    this.passed = steps.map(step =>
      isPassed(step) ? step.emits[0]!.outputs.map(output => (exprs[output] as { readonly column: number }).column) : [],
    );
    this.places = steps.map((_, k) => exprs.some(node => node.op === 'column' && node.level === k + 1 && node.column === PLACE));
    for (const { split } of steps) {
      if (split?.kind === 'set') this.constants.set(split);
      else if (split !== undefined) this.constants.text(split.text);
    }
  }
}

export class ColumnarSource implements Source {
  private readonly reader: ByteChunkReader;
  private readonly workspace: Workspace;
  private readonly kernels: Kernels;
  private readonly latin1: boolean;
  /** The window being read: its bytes, and where in them we are. */
  private view: Buffer;
  private at = 0;
  private to = 0;
  /** Whether the window lies in the workspace and is valid there. */
  private columnar = false;
  /** Bytes of lines in a batch: fewer where they become so much more that it would not fit. */
  private batchBytes = BATCH_BYTES;
  private ascii = false;

  constructor(
    env: TaskEnv,
    private readonly compiled: CompiledPlan,
    input: InputSpec & { readonly kind: 'text' },
    private readonly block: number,
  ) {
    this.kernels = env.kernels;
    this.latin1 = input.decoder === 'latin1';
    this.reader = new ByteChunkReader(env.files, { pieces: [...input.pieces] }, { skipBom: !this.latin1 });
    this.workspace = new Workspace(env.heap, compiled.plan, compiled.constants);
    this.view = this.workspace.window;
  }

  get bytesRead(): number {
    return this.reader.bytesRead;
  }

  next(): Batch | ColumnsBatch | null {
    if (this.at >= this.to && !this.load()) return null;
    const from = this.at;
    while (this.columnar) {
      const end = lineEnd(this.view, from, this.to, this.batchBytes);
      if (end - from > BATCH_BYTES) break;
      const batch = this.columns(from, end);
      if (batch !== undefined) {
        this.at = end;
        return batch;
      }
      const { ops } = this.workspace;
      if (!ops.crowded || this.batchBytes < 2 * LEAST_BATCH_BYTES) break;
      this.batchBytes /= 2;
    }
    this.at = lineEnd(this.view, from, this.to, this.columnar ? this.batchBytes : LINES_BYTES);
    return this.lines(from, this.at);
  }

  close(): void {
    this.reader.close();
    this.workspace.close();
  }

  private load(): boolean {
    const { workspace, kernels } = this;
    const read = this.reader.next(workspace.window);
    if (read === null) return false;
    const own = read.bytes === workspace.window;
    this.view = own ? workspace.window : Buffer.from(read.bytes.buffer, read.bytes.byteOffset, read.bytes.byteLength);
    this.at = read.from;
    this.to = read.to;
    const address = workspace.base + workspace.windowAt;
    this.ascii = own && kernels.isAscii(address + read.from, address + read.to) !== 0;
    this.columnar = this.ascii || (own && !this.latin1 && isUtf8(this.view.subarray(read.from, read.to)));
    return true;
  }

  private lines(from: number, end: number): Batch {
    const rows = decodeLines(this.view, from, end, this.latin1 ? 'latin1' : 'utf-8');
    return { kind: 'rows', rows, n: rows.length, block: this.block };
  }

  /** The bytes [from, end) of the window through all steps; undefined where that cannot be done. */
  private columns(from: number, end: number): ColumnsBatch | undefined {
    const { workspace, kernels, compiled, block } = this;
    const { plan } = compiled;
    const [first, last] = [workspace.windowAt + from, workspace.windowAt + end];
    const { base, progress } = workspace;
    workspace.startBatch(this.ascii);
    const lines = kernels.textLines(
      base,
      first,
      last,
      last,
      at(workspace.lines.starts),
      at(workspace.lines.ends),
      BATCH_BYTES + 1,
      progress,
    );
    let n = lines;
    let vectors: readonly Vector[] = [workspace.lines];
    for (let k = 0; k < plan.steps.length; k++) {
      const { emits, split } = plan.steps[k]!;
      const loop = compiled.loops[k];
      if (n * emits.length > BATCH_ROWS) return this.crowded();
      if (loop === undefined) {
        const input = vectors;
        vectors = compiled.passed[k]!.map(column => input[column]!);
      } else {
        n = loop(n, vectors, workspace.outputs[k]!, workspace.ops);
        if (workspace.ops.failed) return undefined;
        vectors = workspace.outputs[k]!;
      }
      if (split !== undefined) {
        const [text, ...carried] = vectors as readonly [Text, ...Vector[]];
        if (split.kind === 'set' && split.asciiOnly && !this.ascii) return undefined;
        if ((k > 0 || loop !== undefined) && !fits(text, n)) return this.crowded();
        const parts = workspace.parts[k] as readonly [Text, Vector & { readonly type: 'number' }, ...Vector[]];
        n = this.split(split, text, n, parts[PART]);
        const place = compiled.places[k] === true ? parts[PLACE] : undefined;
        if (carried.length > 0 || place !== undefined) spread(text, carried, parts[PART], parts.slice(PLACE + 1), place, n);
        vectors = parts;
      }
    }
    return { kind: 'columns', row: plan.row, vectors, workspace, n, lines, block, from: first, to: last };
  }

  private crowded(): undefined {
    this.workspace.ops.crowded = true;
  }

  private split(separator: Separator, text: Text, n: number, parts: Text): number {
    const { kernels, compiled } = this;
    const { base, u8 } = this.workspace;
    const [starts, ends, outStarts, outEnds] = [at(text.starts), at(text.ends), at(parts.starts), at(parts.ends)];
    if (separator.kind === 'set') {
      const set = base + compiled.constants.set(separator);
      return kernels.textSplitSet(base, starts, ends, n, set, separator.runs ? 1 : 0, outStarts, outEnds);
    }
    const [from, to] = compiled.constants.text(separator.text);
    if (to - from === 1) return kernels.textSplitByte(base, starts, ends, n, u8[from]!, outStarts, outEnds);
    return kernels.textSplitString(base, starts, ends, n, base + from, to - from, outStarts, outEnds);
  }
}

const at = (view: Int32Array) => view.byteOffset;

/** Whether all parts have room: text that was made may be longer than what was read. */
function fits({ starts, ends }: Text, n: number): boolean {
  let bytes = n;
  for (let i = 0; i < n; i++) bytes += ends[i]! - starts[i]!;
  return bytes <= starts.length;
}
