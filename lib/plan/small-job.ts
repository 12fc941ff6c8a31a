// Which jobs are so small that handing them to threads would cost more than they do: those run on the main thread. Few rows,
// all of them known beforehand, and closures that end soon whatever the rows are. What reads files, waits or writes has no
// place there, nor has what makes many rows of few.

import { isBounded } from '../codec/closure/index.js';
import type { RangeInput, RowsInput } from '../task/spec.js';
import type { BuiltStage } from './build-stage.js';
import type { Node, SourceNode } from './lineage.js';

/** Above these, threads are worth their message. */
const MOST_ROWS = 2048;
const MOST_TASKS = 64;
/** Encoded rows of an array. */
const MOST_BYTES = 64 * 1024;
/** Each of them may multiply the rows. */
const MOST_FLAT_MAPS = 2;

const OF_FEW_ROWS: ReadonlySet<string> = new Set(['flatMap', 'flatMapValues']);
const SINKS_WITH_EFFECTS: ReadonlySet<string> = new Set(['text', 'forEach']);

/** Whether the job that these stages are runs on the main thread. */
export function isSmallJob(node: Node, stages: readonly BuiltStage[]): boolean {
  return hasFewRows(node) && stages.every(({ parsed }) => !SINKS_WITH_EFFECTS.has(parsed.sink.kind) && parsed.closures.every(isBounded));
}

/**
 * The last stage of a small job as one task for all of its partitions: to run a task costs several times what the rows of a small job
 * do. Undefined where something can tell partitions apart, and where their number was asked for.
 */
export function inOneTask(built: BuiltStage): BuiltStage | undefined {
  const { name, parsed, program, partitions, shared, checkpoints, needsOf } = built;
  if (partitions < 2 || parsed.branches.length > 1 || parsed.branches[0]!.source.kind !== 'leaf') return undefined;
  const [leaf] = built.locate(0).leaves;
  if (leaf?.kind !== 'source' || leaf.isCutByDefault !== true) return undefined;
  const of: (RangeInput | RowsInput)[] = [];
  for (let p = 0; p < partitions; p++) {
    const input = leaf.input(p);
    if (input.kind !== 'range' && input.kind !== 'rows') return undefined;
    of.push(input);
  }
  const { kind, id, name: method, site, describes } = leaf;
  const joined: SourceNode = { kind, id, name: method, site, partitions: 1, describes, input: () => ({ kind: 'several', of }) };
  const place = { branch: 0, leaves: [joined], local: 0 };
  return { name, parsed, program, partitions: 1, shared, checkpoints, needsOf, locate: () => place };
}

function hasFewRows(root: Node): boolean {
  const seen = new Set<Node>([root]);
  let [rows, tasks, bytes, flatMaps] = [0, 0, 0, 0];
  for (const node of seen) {
    // Behind a checkpoint nobody knows how many rows there were.
    if (node.checkpoint?.cut !== undefined) return false;
    switch (node.kind) {
      case 'source': {
        tasks += node.partitions;
        // Before its partitions are looked at one by one.
        if (tasks > MOST_TASKS) return false;
        for (let p = 0; p < node.partitions; p++) {
          const input = node.input(p);
          if (input.kind !== 'range' && input.kind !== 'rows' && input.kind !== 'empty') return false;
          if (input.kind !== 'empty') rows += input.rows;
          if (input.kind === 'rows') bytes += input.column.length;
        }
        break;
      }
      case 'operator':
        if (OF_FEW_ROWS.has(node.operator) && ++flatMaps > MOST_FLAT_MAPS) return false;
        seen.add(node.parent);
        break;
      case 'mapPartitions':
      case 'aggregate':
        seen.add(node.parent);
        break;
      case 'shuffled':
        tasks += node.partitions;
        seen.add(node.parent);
        break;
      case 'union':
        for (const parent of node.parents) seen.add(parent);
        break;
      case 'parts':
        // Every row with every row may be many.
        if (node.rule.kind === 'cartesian') return false;
        for (const parent of node.parents) seen.add(parent);
        break;
      default:
        // A cogroup: a join of one key is every row with every row.
        return false;
    }
    if (rows > MOST_ROWS || tasks > MOST_TASKS || bytes > MOST_BYTES) return false;
  }
  return true;
}
