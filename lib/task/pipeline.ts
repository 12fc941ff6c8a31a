// Runs pipelines: batches from a source through a compiled loop into a sink. Sources that stand in the middle of a
// stage (an aggregation, a cogroup, mapPartitions) run the pipelines below them the same way.

import { setWithin } from '../core/bounded-map.js';
import { HeddleError, show, toErrorRecord } from '../core/errors.js';
import { roomFor } from '../shuffle/store.js';
import { waits } from './async/prepare.js';
import type { AsyncWork } from './async/work.js';
import type { Batch, Source } from './batch.js';
import { type ColumnsBatch, rowsOf } from './columnar/batch.js';
import type { ColumnarPlan } from './columnar/plan.js';
import { ColumnarSource, CompiledPlan } from './columnar/source.js';
import { compileLoop, type Loop, loopFactory, loopSource } from './compile.js';
import type { TaskEnv } from './env.js';
import type { AnyFunction, ProgramFunctions } from './functions.js';
import { openLeaf } from './leaf-sources.js';
import { openMiddle } from './middle-sources.js';
import { DrawSource } from './rng/rng.js';
import { type SeedState, seedState } from './rng/seed.js';
import type { Sink } from './sinks/sink.js';
import type { OperatorSpec, Pipeline, Program, TaskSpec } from './spec.js';
import type { KeptRows } from './stored/kept-rows.js';

const MOST_KEPT = 256;

/** What is made of a loop's source, kept for the jobs to come. */
class LoopCache<T> {
  private readonly kept = new Map<string, T>();

  constructor(private readonly make: (source: string, name: string) => T) {}

  of(source: string, name: string): T {
    let made = this.kept.get(source);
    if (made === undefined) {
      made = this.make(source, name);
      setWithin(this.kept, MOST_KEPT, source, made);
    }
    return made;
  }
}

/** By the view of the heap that they read random numbers from. */
const textLoops = new WeakMap<Float64Array, LoopCache<Loop>>();
const smallLoops = new LoopCache(loopFactory);

function textLoop(source: string, heap: Float64Array, name: string): Loop {
  let loops = textLoops.get(heap);
  if (loops === undefined) textLoops.set(heap, (loops = new LoopCache((source, name) => compileLoop(source, [], heap, name))));
  return loops.of(source, name);
}

/** The view of loops that read none. */
const NO_HEAP = new Float64Array();

interface PipelineLoops {
  readonly heap: Float64Array;
  readonly byKind: Map<string, Loop>;
}

/** A program as a thread keeps it: decoded, its functions revived, its loops compiled as they are first needed. */
export class LoadedProgram {
  readonly seed: SeedState;
  /** Whether the tasks of a branch have to wait for something. */
  readonly waiting: readonly boolean[];
  private readonly loops = new Map<Pipeline, PipelineLoops>();
  private readonly columnars = new Map<Pipeline, { readonly compiled: CompiledPlan; readonly rest: Pipeline }>();

  constructor(
    readonly program: Program,
    readonly functions: ProgramFunctions,
    readonly name: string,
    /** Of a small job: to compile its loops costs more than to run them, whatever V8 knows of their types. */
    private readonly small = false,
  ) {
    this.seed = seedState(program.seed);
    this.waiting = program.branches.map(waits);
  }

  /** The plan of a pipeline's columns, and what is left of the pipeline behind it. */
  columnar(pipeline: Pipeline & { readonly columnar: ColumnarPlan }): { readonly compiled: CompiledPlan; readonly rest: Pipeline } {
    let columnar = this.columnars.get(pipeline);
    if (columnar === undefined) {
      const rest = { source: pipeline.source, operators: pipeline.operators.slice(pipeline.columnar.covered) };
      this.columnars.set(pipeline, (columnar = { compiled: new CompiledPlan(pipeline.columnar, this.name), rest }));
    }
    return columnar;
  }

  /** The loop for a kind of batch and a sink's code of the moment. */
  loop(pipeline: Pipeline, { kind, blocks }: Batch, sink: Sink, env: TaskEnv): Loop {
    const { operators } = pipeline;
    // A heap that grows has another view then.
    const heap = operators.some(({ inline }) => inline !== undefined) ? env.heap.f64 : NO_HEAP;
    let loops = this.loops.get(pipeline);
    if (loops?.heap !== heap) this.loops.set(pipeline, (loops = { heap, byKind: new Map() }));
    const byBlocks = blocks !== undefined;
    const key = `${kind} ${byBlocks} ${sink.constructor.name} ${sink.variant}`;
    let loop = loops.byKind.get(key);
    if (loop === undefined) {
      const code = sink.code();
      const source = loopSource(kind, operators, code, byBlocks);
      // Without any function of its own a loop is its text: what V8 has made of it for one job serves the next.
      const isText = code.functions === 0 && operators.every(operator => operator.inline !== undefined);
      const functions: AnyFunction[] = [...operators.map(operator => this.functions.get(operator.f)), ...sink.functions()];
      if (isText) loop = textLoop(source, heap, this.name);
      else if (this.small) loop = smallLoops.of(source, this.name)(functions, heap);
      else loop = compileLoop(source, functions, heap, this.name);
      loops.byKind.set(key, loop);
    }
    return loop;
  }
}

/** One task under way: what its pipelines share. */
export interface TaskContext {
  /** Of tasks with sources that have to be waited for. */
  readonly work?: AsyncWork;
  readonly env: TaskEnv;
  readonly loaded: LoadedProgram;
  readonly spec: TaskSpec;
  /** Rows and bytes that came from outside; what comes from shuffles was counted when it was written. */
  readonly metrics: { rowsIn: number; bytesIn: number; bytesSpilled: number };
  /** What it stores on the side. */
  readonly kept: KeptRows;
}

/** A pipeline being run, a batch at a time. */
export class PipelineRun {
  private readonly source: Source;
  private readonly rest: Pipeline | undefined;
  private readonly rngs: DrawSource[] = [];
  private readonly rngAddresses: number[] = [];
  private readonly salts: number[] = [];
  private readonly seeds: SeedState[] = [];
  private block = -1;
  private loop: Loop | undefined;
  private loopKind: Batch['kind'] | undefined;
  private loopVariant = '';
  /** What the loop is of: the pipeline, or what is left of it behind its columns. */
  private looped: Pipeline;

  /** `blockwise`: the sink wants to know where the blocks of the source's elements end. */
  constructor(
    private readonly task: TaskContext,
    private readonly pipeline: Pipeline,
    private readonly sink: Sink,
    private readonly blockwise: boolean,
  ) {
    this.looped = pipeline;
    const random = pipeline.operators.filter(operator => operator.salt !== undefined);
    sink.failed = (error, operator, record) => this.failed(error, operator, record);
    this.source = openSource(task, pipeline, blockwise || random.length > 0, random.length === 0 && sink.ownsBlocks);
    this.rest = isColumnar(pipeline) ? task.loaded.columnar(pipeline).rest : undefined;
    try {
      for (const operator of random) this.addRng(operator);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether ready() must be awaited before each step. */
  get waits(): boolean {
    return this.source.ready !== undefined;
  }

  /** Resolves when step() can run. */
  async ready(): Promise<void> {
    if (!this.sink.done) await this.source.ready?.(this.sink.wantedRows);
  }

  /** The block that the batch of the last step belongs to. */
  get currentBlock(): number {
    return this.block;
  }

  /** Runs one batch; false when there is none left or none wanted. */
  step(): boolean {
    const { task, sink } = this;
    task.env.checkCancelled();
    const batch = sink.done ? null : this.source.next(sink.wantedRows);
    if (batch === null) {
      if (this.blockwise && this.block >= 0) sink.endBlock(this.block);
      this.block = -1;
      return false;
    }
    if (batch.block !== this.block) {
      if (this.blockwise && this.block >= 0) sink.endBlock(this.block);
      this.block = batch.block;
      for (let j = 0; j < this.rngs.length; j++) this.rngs[j]!.start(this.seeds[j]!, this.salts[j]!, batch.block);
    }
    if (batch.kind !== 'columns') {
      if (!this.takePairs(batch)) this.runLoop(batch, this.pipeline);
    } else if (!this.takeColumns(batch)) this.runLoop(rowsOf(batch), this.rest!);
    if (batch.kind !== 'columns' && batch.blocks !== undefined) this.block = batch.blocks.last;
    sink.afterBatch();
    return true;
  }

  /** Hands pairs to the sink as they are, where there is no operator and it can take them. */
  private takePairs(batch: Batch): boolean {
    return batch.kind === 'pairs' && this.pipeline.operators.length === 0 && this.sink.takePairs(batch);
  }

  /** Hands columns to the sink, where no operator is left and it can take them. */
  private takeColumns(batch: ColumnsBatch): boolean {
    if (batch.n === 0) return true;
    return this.rest!.operators.length === 0 && this.sink.takeColumns(batch);
  }

  private runLoop(batch: Batch, pipeline: Pipeline): void {
    const { task, sink } = this;
    const { variant } = sink;
    // Looked up anew only when it changes: blocks of small sources are batches of a row or two.
    if (batch.kind !== this.loopKind || variant !== this.loopVariant || pipeline !== this.looped) {
      this.loop = task.loaded.loop(pipeline, batch, sink, task.env);
      this.loopKind = batch.kind;
      this.loopVariant = variant;
      this.looped = pipeline;
    }
    this.loop!(batch, sink, this.rngs);
  }

  /** Runs all batches. */
  runAll(): void {
    while (this.step());
  }

  close(): void {
    this.source.close();
    for (const address of this.rngAddresses) this.task.env.heap.free(address);
    this.rngAddresses.length = 0;
  }

  private addRng({ salt, seed }: OperatorSpec): void {
    const { heap, kernels } = this.task.env;
    const address = roomFor(heap, DrawSource.bytes, 'random numbers');
    this.rngAddresses.push(address);
    this.rngs.push(new DrawSource({ buffer: heap.u8.buffer, address, fill: (state, out, n) => kernels.fillUniform(state, out, n) }));
    this.salts.push(salt!);
    this.seeds.push(seed === undefined ? this.task.loaded.seed : seedState(seed));
  }

  private failed(error: unknown, operator: number, record: unknown): Error {
    const { operators } = this.looped;
    const label = operators[operator]?.label ?? (operator >= operators.length ? this.sink.label : undefined);
    const { spec } = this.task;
    const { part } = this.source;
    return taskError(error, label, part === undefined ? spec : { ...spec, partition: spec.partition + part }, record);
  }
}

/** Wraps what user code threw with where it happened; Heddle's own errors stay what they are. */
export function taskError(error: unknown, label: string | undefined, spec: TaskSpec, ...record: unknown[]): Error {
  // Already told: an error passes through here once for each pipeline that the task consists of.
  if (error instanceof HeddleError && (error.code === 'HEDDLE_TASK_FAILED' || error.data.stage !== undefined)) return error;
  const { partition, attempt, stageName } = spec;
  const what = label ?? stageName;
  const shown = record.length === 0 ? undefined : show(record[0]);
  const place = `partition ${partition}, attempt ${attempt}${shown === undefined ? '' : `, record ${shown}`}`;
  const data = { operator: what, stage: stageName, partition, attempt, ...(shown === undefined ? {} : { record: shown }) };
  if (error instanceof HeddleError && isEngineError(error)) {
    return new HeddleError(error.code, `${what}: ${error.message} (${place})`, { data: { ...error.data, ...data }, cause: error.cause });
  }
  const cause = toErrorRecord(error);
  const threw = error instanceof Error ? `${cause.name}: ${cause.message}` : show(error);
  return new HeddleError('HEDDLE_TASK_FAILED', `${what} threw ${threw} (${place})`, { data, cause: error });
}

/** Errors of the engine that pass through user code's frames: their own code tells more than that a task failed. */
function isEngineError(error: HeddleError): boolean {
  return error.code !== 'HEDDLE_BAD_ARGUMENT';
}

/** `blockwise`: no batch crosses a block; `loops`: but for those of a small job, whose loop sees to the blocks, which are of a row or two. */
function openSource(task: TaskContext, pipeline: Pipeline, blockwise: boolean, loops: boolean): Source {
  const { source } = pipeline;
  if (source.kind !== 'leaf') return openMiddle(task, source, blockwise);
  // Elsewhere a task may be called off between two blocks.
  const cut = !blockwise ? 'anywhere' : loops && task.spec.small ? 'told' : 'within';
  const input = task.spec.inputs[source.input]!;
  const leaf =
    input.kind === 'text' && isColumnar(pipeline)
      ? new ColumnarSource(task.env, task.loaded.columnar(pipeline).compiled, input, task.spec.local)
      : openLeaf(input, task.env, task.spec.local, cut);
  return new CountedSource(leaf, task.metrics);
}

function isColumnar(pipeline: Pipeline): pipeline is Pipeline & { readonly columnar: ColumnarPlan } {
  return pipeline.columnar !== undefined;
}

/** Adds what a leaf gives to the task's metrics. */
class CountedSource implements Source {
  private counted = 0;
  constructor(
    private readonly of: Source,
    private readonly metrics: TaskContext['metrics'],
  ) {}

  get bytesRead(): number {
    return this.of.bytesRead;
  }

  get part(): number | undefined {
    return this.of.part;
  }

  next(limit: number): Batch | ColumnsBatch | null {
    const batch = this.of.next(limit);
    if (batch !== null) this.metrics.rowsIn += batch.kind === 'columns' ? batch.lines : batch.n;
    this.metrics.bytesIn += this.of.bytesRead - this.counted;
    this.counted = this.of.bytesRead;
    return batch;
  }

  close(): void {
    this.of.close();
  }
}
