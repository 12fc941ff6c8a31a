// Lineage nodes for data from outside: arrays, ranges, trials, text.

import { prepareColumn } from '../codec/column.js';
import { callSite } from '../core/callsite.js';
import { badArgument, HeddleError } from '../core/errors.js';
import { checkCount, checkOptions, checkPartitions } from '../core/options.js';
import type { Node, SourceNode } from '../plan/lineage.js';
import { resolveInputs } from '../storage/inputs.js';
import { defaultTargetBytes, planSplits } from '../storage/splits.js';
import { checkSeed } from '../task/rng/seed.js';
import { operatorNode, shipped } from './make.js';
import type { Session } from './session.js';

/** Below this many elements a partition for each thread is enough. */
const FEW_ELEMENTS = 4096;
/** The largest block of an indexed source's elements. */
const MOST_BLOCK_ROWS = 8192;

/**
 * Elements of a block of an indexed source of n elements: about a thousandth of them, a power of two. Random streams and
 * partial sums belong to blocks, and partitions are cut between blocks; so this must depend on n alone.
 */
export function blockRowsOf(n: number): number {
  return Math.min(MOST_BLOCK_ROWS, 2 ** Math.max(0, Math.floor(Math.log2(Math.max(n, 1) / 1024))));
}

/** The first element of partition p: partitions hold whole blocks, as evenly as can be. */
function firstOf(p: number, partitions: number, n: number, blockRows: number): number {
  const blocks = Math.ceil(n / blockRows);
  return Math.min(n, Math.floor((p * blocks) / partitions) * blockRows);
}

function partitionsFor(session: Session, given: unknown, argument: string, n: number): number {
  if (given !== undefined) return checkPartitions(argument, given);
  // Few elements are over before a second round of tasks has been handed out.
  return Math.min(n < FEW_ELEMENTS ? session.smallPartitions : session.defaultPartitions, Math.max(n, 1));
}

export function rangeNode(session: Session, name: string, first: number, step: number, n: number, partitions: unknown): SourceNode {
  const count = partitionsFor(session, partitions, 'partitions', n);
  const blockRows = blockRowsOf(n);
  const slice = (from: number, rows: number) => ({ kind: 'range', first, step, from, rows, blockRows }) as const;
  return {
    kind: 'source',
    id: session.nextRdd(),
    name,
    site: callSite(),
    partitions: count,
    isCutByDefault: partitions === undefined,
    describes: `${n} numbers from ${first} by ${step}`,
    input(p) {
      const from = firstOf(p, count, n, blockRows);
      return slice(from, firstOf(p + 1, count, n, blockRows) - from);
    },
    indexed: { rows: n, blockRows, slice },
  };
}

/** How many start + i * step lie before end, as they are rounded: the quotient alone may be off by one. */
function rangeLength(start: number, end: number, step: number): number {
  // A span beyond the largest number is halved with the step.
  const span = Number.isFinite(end - start) ? (end - start) / step : (end / 2 - start / 2) / (step / 2);
  const n = Math.max(0, Math.ceil(span));
  const isBefore = (i: number) => (step > 0 ? start + i * step < end : start + i * step > end);
  if (n > 0 && !isBefore(n - 1)) return n - 1;
  return isBefore(n) ? n + 1 : n;
}

/** range(end) or range(start, end, step?, partitions?). */
export function rangeOf(session: Session, args: readonly unknown[]): SourceNode {
  const [start, end, step, partitions] = args.length === 1 ? [0, args[0], 1, undefined] : [args[0], args[1], args[2] ?? 1, args[3]];
  const numbers = { 'range(start)': start, 'range(end)': end, 'range(step)': step };
  for (const [argument, value] of Object.entries(numbers)) {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw badArgument(argument, value, 'a finite number');
  }
  if (step === 0) throw badArgument('range(step)', step, 'a step that is not 0');
  const n = rangeLength(start as number, end as number, step as number);
  if (n > Number.MAX_SAFE_INTEGER) throw badArgument('range(end)', end, 'at most 2^53 - 1 elements');
  return rangeNode(session, 'range', start as number, step as number, n, partitions);
}

export function trialsNode(session: Session, n: unknown, f: unknown, options: unknown): Node {
  checkOptions('trials(options)', options, ['partitions', 'seed', 'antithetic']);
  const { partitions, seed, antithetic = false } = (options ?? {}) as { partitions?: unknown; seed?: never; antithetic?: unknown };
  if (typeof antithetic !== 'boolean') throw badArgument('trials(antithetic)', antithetic, 'true or false');
  checkSeed(seed);
  const source = rangeNode(session, 'trials', 0, 1, checkCount('trials(n)', n), partitions);
  const node = operatorNode(session, source, 'trials', 'trial', shipped(session, f, 'trials(f)'));
  return { ...node, ...(seed === undefined ? {} : { seed }), ...(antithetic ? { antithetic } : {}) };
}

export function arrayNode(session: Session, name: string, array: unknown, partitions: unknown): SourceNode {
  if (!Array.isArray(array) && !(ArrayBuffer.isView(array) && !(array instanceof DataView))) {
    throw badArgument(`${name}(array)`, array, 'an array or a typed array');
  }
  const rows = array as ArrayLike<unknown>;
  const n = rows.length;
  const count = partitionsFor(session, partitions, 'partitions', n);
  const blockRows = blockRowsOf(n);
  // Encoded now: the job sees the rows of this moment, and a value that cannot be a record is refused here.
  const columns = Array.from({ length: count }, (_, p) => {
    const [from, to] = [firstOf(p, count, n, blockRows), firstOf(p + 1, count, n, blockRows)];
    const column = prepareColumn(rows, from, to);
    const bytes = new Uint8Array(new SharedArrayBuffer(column.byteLength));
    column.write(bytes);
    return { column: bytes, rows: to - from, firstIndex: from };
  });
  return {
    kind: 'source',
    id: session.nextRdd(),
    name,
    site: callSite(),
    partitions: count,
    isCutByDefault: partitions === undefined,
    describes: `${n} rows of an array`,
    input: p => ({ kind: 'rows', ...columns[p]!, blockRows }),
  };
}

export function emptyNode(session: Session): SourceNode {
  return {
    kind: 'source',
    id: session.nextRdd(),
    name: 'emptyRDD',
    site: callSite(),
    partitions: 0,
    describes: 'nothing',
    input: () => ({ kind: 'empty' }),
  };
}

/** What would be read as if it were text. */
const COMPRESSED = /\.(gz|zst|bz2|xz|lz4|snappy|zip|7z)$/i;

export function textNode(session: Session, paths: unknown, options: unknown): SourceNode {
  checkOptions('textFile(options)', options, ['partitions', 'decoder']);
  const { partitions, decoder = 'utf-8' } = (options ?? {}) as { partitions?: unknown; decoder?: unknown };
  if (decoder !== 'utf-8' && decoder !== 'latin1') {
    throw new HeddleError('HEDDLE_BAD_OPTION', `textFile(decoder): expected 'utf-8' or 'latin1', got ${String(decoder)}`, {
      data: { option: 'decoder' },
    });
  }
  const wanted = partitions === undefined ? undefined : checkPartitions('textFile(partitions)', partitions);
  const files = resolveInputs(paths as string | readonly string[], 'textFile(paths)');
  const compressed = files.find(file => COMPRESSED.test(file.path));
  if (compressed !== undefined) {
    throw badArgument('textFile(paths)', compressed.path, 'plain text: compressed files cannot be read yet, so unpack them first');
  }
  const bytes = files.reduce((sum, file) => sum + file.size, 0);
  const targetBytes = defaultTargetBytes(bytes, session.defaultPartitions);
  const splits = planSplits(files, { ...(wanted === undefined ? {} : { partitions: wanted }), targetBytes });
  return {
    kind: 'source',
    id: session.nextRdd(),
    name: 'textFile',
    format: 'text',
    site: callSite(),
    partitions: splits.length,
    describes: `${files.length} file${files.length === 1 ? '' : 's'}, ${bytes} bytes of text`,
    input: p => ({ kind: 'text', pieces: splits[p]!.pieces, decoder }),
  };
}
