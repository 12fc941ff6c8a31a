// What a task is told and what it answers: plain data, the same for a thread and for a machine far away.
// A program is what all tasks of a stage share; it is serialised once. A task adds its inputs and its place.

import type { ShippedClosure } from '../codec/closure/types.js';
import type { ErrorRecord } from '../core/errors.js';
import type { HashPartitioner, IndexPartitioner, RangePartitioner } from '../shuffle/partitioner.js';
import type { Gathered, ShuffleRef } from '../shuffle/store.js';
import type { BlockPlace } from '../storage/block-file.js';
import type { OutputSpec } from '../storage/part-writer.js';
import type { TextPiece } from '../storage/splits.js';
import type { BuiltinName } from './builtins.js';
import type { Places } from './columnar/places.js';
import type { ColumnarPlan } from './columnar/plan.js';
import type { InlineBody } from './inline.js';
import type { JoinKind } from './join-source.js';
import type { Seed } from './rng/seed.js';
import type { Sampling } from './sampling.js';

/** A function of a program: one of the user's closures by index, one of Heddle's own, or any of them with its first argument given. */
export type FunctionRef = { readonly closure: number } | { readonly builtin: BuiltinName } | { readonly sampling: Sampling } | BoundRef;

export interface BoundRef {
  readonly of: FunctionRef;
  /** The first argument, encoded. */
  readonly first: Uint8Array;
  /** Each call gets a copy of its own, which it may change. */
  readonly fresh: boolean;
}

/** Operators whose function gets random numbers: those of a `salt`. */
export type RandomOperator = 'trial' | 'mapWithRng' | 'sample' | 'sampleByKey' | 'draw';

/** One operator of a pipeline that takes a row to none, one or many rows. */
export interface OperatorSpec {
  readonly kind: 'map' | 'filter' | 'flatMap' | 'keyBy' | 'mapValues' | 'flatMapValues' | RandomOperator;
  readonly f: FunctionRef;
  /** As the user wrote it: `map at script.ts:12`. */
  readonly label: string;
  /** For operators with randomness: tells its stream from those of other operators. */
  readonly salt?: number;
  /** The closure's body, where it can stand in the loop itself. */
  readonly inline?: InlineBody;
  /** For trials: each runs twice, on random numbers and on their mirror images. */
  readonly antithetic?: true;
  /** Instead of the program's seed. */
  readonly seed?: Seed;
}

/** How values of one key become one. */
export type AggregatorSpec =
  | {
      readonly kind: 'reduce';
      readonly f: FunctionRef;
      readonly op: number | null;
      /** What kernels do with tuples of numbers. */
      readonly places: Places | null;
      readonly label: string;
    }
  /** `keysAlone`: nobody reads the values, and they need not be there. */
  | { readonly kind: 'group'; readonly label: string; readonly keysAlone?: true }
  | {
      readonly kind: 'combine';
      readonly create: FunctionRef;
      readonly mergeValue: FunctionRef;
      readonly mergeCombiners: FunctionRef;
      /** What kernels do with two combiners. */
      readonly places: Places | null;
      readonly label: string;
    };

/** Where a pipeline's rows come from. `input` counts the leaves of a branch from the left. */
export type SourceSpec =
  | { readonly kind: 'leaf'; readonly input: number }
  | { readonly kind: 'shuffle'; readonly input: number; readonly aggregator: AggregatorSpec | null }
  | { readonly kind: 'aggregate'; readonly of: Pipeline; readonly aggregator: AggregatorSpec }
  /** The groups of each key, or the rows that a join makes of them. */
  | { readonly kind: 'cogroup'; readonly of: readonly Pipeline[]; readonly join?: JoinKind }
  /** Whole partitions of other pipelines; the input tells which. */
  | { readonly kind: 'parts'; readonly input: number; readonly of: readonly Pipeline[]; readonly rule: PartsRule; readonly label: string }
  /** Rows that are kept: as they are stored, or of the pipeline, and then stored on the side. The input tells which. */
  | { readonly kind: 'stored'; readonly input: number; readonly of: Pipeline; readonly label: string }
  | {
      readonly kind: 'mapPartitions';
      readonly of: Pipeline;
      readonly f: FunctionRef;
      readonly withIndex: boolean;
      /** The index of the branch's first partition. */
      readonly firstIndex: number;
      /** What f gives is one row. */
      readonly single: boolean;
      readonly label: string;
    }
  | MapAsyncSpec
  | PipeSpec;

/** What f promises for each row, in the order of the rows. */
export interface MapAsyncSpec {
  readonly kind: 'mapAsync';
  readonly of: Pipeline;
  readonly f: FunctionRef;
  /** Calls of f that may be under way at once. */
  readonly concurrency: number;
  readonly label: string;
}

/** The lines that a process writes, to which the rows are written as lines. */
export interface PipeSpec {
  readonly kind: 'pipe';
  readonly of: Pipeline;
  readonly command: CommandSpec;
  readonly label: string;
}

/** An external command. */
export interface CommandSpec {
  readonly file: string;
  readonly args: readonly string[];
  /** `file` is a line for the system's shell. */
  readonly shell: boolean;
  /** In addition to the process's own variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** The character that ends a row, on both ways. */
  readonly separator: string;
}

/** How a task puts the partitions together that its input names. */
export type PartsRule<F = FunctionRef> =
  /** One after the other. */
  | { readonly kind: 'concat' }
  /** Two: rows in the same place as pairs. As many rows in both, or it is an error. */
  | { readonly kind: 'zip' }
  /** Two: every row of the first with every row of the second. */
  | { readonly kind: 'cartesian' }
  /** Any number: what f gives for their rows as iterators. */
  | { readonly kind: 'call'; readonly f: F }
  /** One: [row, number], the numbers counted from the input's `first` by `step`. */
  | { readonly kind: 'number'; readonly step: number }
  /** One: [partition, row], dealt out in turn from the input's `first` on. */
  | { readonly kind: 'deal'; readonly partitions: number }
  /** One, of pairs: by key. Stable. */
  | { readonly kind: 'sort'; readonly ascending: boolean };

export interface Pipeline {
  readonly source: SourceSpec;
  readonly operators: readonly OperatorSpec[];
  /** The first of the operators on columns of bytes, where the source is text and that is worth it. */
  readonly columnar?: ColumnarPlan;
}

/** Which partition a key goes to: data, or a function of the user's. */
export type PartitionerSpec =
  | HashPartitioner
  | IndexPartitioner
  | RangePartitioner
  | { readonly kind: 'custom'; readonly partitions: number; readonly f: FunctionRef; readonly label: string };

/** The first rows in an order: that of keys, or of what a function makes of a row, or a comparator's. */
export interface OrderSpec {
  readonly limit: number;
  readonly descending: boolean;
  readonly by: FunctionRef | null;
  /** `by` takes two rows and says which goes first. */
  readonly compares: boolean;
}

/** What becomes of the rows of a stage. */
export type SinkSpec =
  | { readonly kind: 'shuffle'; readonly partitioner: PartitionerSpec; readonly aggregator: AggregatorSpec | null }
  | { readonly kind: 'sampleKeys'; readonly size: number }
  | { readonly kind: 'collect' }
  | { readonly kind: 'count' }
  | { readonly kind: 'take'; readonly limit: number }
  /** The rows of pairs with the smallest keys. */
  | { readonly kind: 'least'; readonly limit: number }
  | { readonly kind: 'sum' }
  | { readonly kind: 'moments' }
  | { readonly kind: 'comoments' }
  | { readonly kind: 'summary'; readonly quantiles: boolean }
  | { readonly kind: 'reduce'; readonly f: FunctionRef; readonly label: string }
  | {
      readonly kind: 'aggregate';
      readonly zero: Uint8Array;
      readonly seq: FunctionRef;
      readonly comb: FunctionRef;
      readonly label: string;
    }
  | { readonly kind: 'countByValue' }
  | { readonly kind: 'countDistinct'; readonly precision: number }
  | { readonly kind: 'ordered'; readonly order: OrderSpec }
  | { readonly kind: 'histogram'; readonly edges: readonly number[] }
  | { readonly kind: 'forEach'; readonly f: FunctionRef; readonly label: string }
  | { readonly kind: 'text'; readonly output: OutputSpec };

export interface Program {
  readonly closures: readonly ShippedClosure[];
  /** One for each branch of a union; a task runs one of them. */
  readonly branches: readonly Pipeline[];
  readonly sink: SinkSpec;
  readonly seed: Seed;
}

/** What one leaf of a branch reads in one task. */
export type InputSpec =
  | RangeInput
  | RowsInput
  | SeveralInput
  | { readonly kind: 'text'; readonly pieces: readonly TextPiece[]; readonly decoder: 'utf-8' | 'latin1' }
  | ShuffleInput
  | { readonly kind: 'parts'; readonly parts: readonly PartInput[]; readonly first: number }
  | { readonly kind: 'stored'; readonly rows: StoredRows }
  | { readonly kind: 'computed'; readonly inputs: readonly InputSpec[]; readonly store: StoreSpec | null }
  | { readonly kind: 'empty' };

/** How a partition is to be stored while it is computed. */
export interface StoreSpec {
  /** What the partition is one of: the place where an RDD is kept, a new one each time it is persisted. */
  readonly kept: number;
  readonly partition: number;
  /** Bytes of the heap that it may take; 0: none. */
  readonly most: number;
  /** Where its file goes once it has no room in the heap; null: then it is not stored. */
  readonly directory: string | null;
  /** It must be stored: what keeps it from it fails the task. */
  readonly required: boolean;
}

/** The rows of a partition where they are kept: plain data that travels with a task and with its result. */
export interface StoredRows {
  /** Which process has them. */
  readonly executor: string;
  /** Where they are in that process; none where only it knows. */
  readonly chunks: readonly StoredChunk[];
  /** What it knows them by, and the bytes of memory that they take, where it is not the driver's own. */
  readonly remote?: { readonly id: string; readonly memory: number };
  readonly rows: number;
  /** Encoded. */
  readonly bytes: number;
  /** The blocks of the source's elements that the partition belongs to: [from, to). */
  readonly blocks: { readonly from: number; readonly to: number };
}

/** Rows as one column of the codec. */
export interface StoredChunk {
  /** In the heap, or in a file. */
  readonly at: { readonly address: number; readonly bytes: number } | BlockPlace;
  /** Which blocks they are of, in order: a block, its rows, the next block, its rows, ... */
  readonly runs: readonly number[];
}

/** A partition that a task has stored, or what kept it from it. */
export interface StoredResult {
  readonly kept: number;
  readonly partition: number;
  readonly stored?: StoredRows;
  readonly error?: ErrorRecord;
}

export interface ShuffleInput {
  readonly kind: 'shuffle';
  readonly shuffle: ShuffleRef;
  readonly reduce: number;
  /** Given by whoever has fetched what other processes hold of it. */
  readonly gathered?: Gathered;
}

/** One partition that a source of parts reads. */
export interface PartInput {
  /** Which of the source's pipelines. */
  readonly pipeline: number;
  /** The partition's place among those of its pipeline's branch. */
  readonly local: number;
  readonly inputs: readonly InputSpec[];
}

/** Elements first + (from + i) * step of an indexed source, i < rows. */
export interface RangeInput {
  readonly kind: 'range';
  readonly first: number;
  readonly step: number;
  readonly from: number;
  readonly rows: number;
  readonly blockRows: number;
}

/** Elements of an array, as one column. */
export interface RowsInput {
  readonly kind: 'rows';
  readonly column: Uint8Array;
  readonly rows: number;
  readonly firstIndex: number;
  readonly blockRows: number;
}

/** Of a small job: what a source's partitions from the first on would read, one after the other. */
export interface SeveralInput {
  readonly kind: 'several';
  readonly of: readonly (RangeInput | RowsInput)[];
}

/** A value that closures refer to, for those threads that do not have it yet. */
export interface SharedSpec {
  /** What closures know it by. */
  readonly id: number;
  /** What threads know their copy by: another one after it was called back. */
  readonly key: number;
  /** A serialised closure that gives the value; in shared memory, so that it goes to all threads without a copy. */
  readonly bytes: Uint8Array;
}

/** What a task added to an accumulator: a column of one row. */
export interface Update {
  readonly id: number;
  readonly column: Uint8Array;
}

export interface TaskSpec {
  /** Names the program, so that a thread decodes and compiles it once. */
  readonly stage: number;
  readonly program: Uint8Array;
  readonly stageName: string;
  readonly partition: number;
  /** The partition's place among those of its branch: what makes a part of a union the same as it is alone. */
  readonly local: number;
  readonly attempt: number;
  /** Unique among all attempts of a process: what a shuffle knows an attempt's rows by. */
  readonly token: number;
  readonly branch: number;
  /** So small, and so sure to end, that it may run on the main thread. */
  readonly small: boolean;
  readonly inputs: readonly InputSpec[];
  /** Where a shuffle stage writes to. */
  readonly output: ShuffleRef | null;
  /** The values that the program's closures refer to. */
  readonly shared: readonly SharedSpec[];
  /** The keys of all shared values that are still wanted: a thread lets go of its copies of others. */
  readonly wanted: readonly number[];
}

/** What a task did; sums of these are what the monitor shows. */
export interface TaskMetrics {
  readonly seconds: number;
  readonly rowsIn: number;
  readonly rowsOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Bytes that went to disk because they had no room in memory. */
  readonly bytesSpilled: number;
}

export interface TaskResult extends TaskMetrics {
  /** The sink's answer as columns of the codec; empty for shuffle stages. */
  readonly columns: readonly Uint8Array[];
  /** What its closures added to accumulators; absent when they added nothing. */
  readonly updates?: readonly Update[];
  /** The partitions that it stored; absent when there are none. What is in the heap is staging until the driver takes it. */
  readonly stored?: readonly StoredResult[];
  /** For a map task that was not the first to end: the token of the attempt that was, whose output counts in this process. */
  readonly winner?: number;
  /** For a map task: about how many bytes it wrote for each reduce id (shuffle/sizes.ts); absent where these are too many. */
  readonly sizes?: Uint8Array;
}
