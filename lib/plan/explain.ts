// explain(): the stages of a lineage as text, last first, with the path each takes and what keeps it from a faster one.

import { describeCommand } from '../task/async/command.js';
import { combinedPlaces, explainedSink, type PlanSink, pathsOf } from './build-stage.js';
import { isStored } from './deferred.js';
import { readsKeysAlone } from './keys-alone.js';
import { labelOf, type Node, type PartsNode, type ShuffledNode } from './lineage.js';
import { describePartitioner } from './partitioner.js';

interface Explained {
  readonly lines: readonly string[];
  readonly parents: readonly ShuffledNode[];
}

/** What running this lineage would do. `spilling` says where rows go that have no room in memory. */
export function explain(node: Node, spilling: string): string {
  const numbers = new Map<ShuffledNode, number>();
  const order: ShuffledNode[] = [];
  const visit = (shuffled: ShuffledNode) => {
    if (numbers.has(shuffled)) return;
    for (const parent of explainStage(shuffled.parent).parents) visit(parent);
    order.push(shuffled);
    numbers.set(shuffled, order.length);
  };
  const last = explainStage(node);
  for (const parent of last.parents) visit(parent);
  const nameOf = (shuffled: ShuffledNode) => `shuffle ${numbers.get(shuffled)}`;
  const text: string[] = [];
  const write = (title: string, { lines, parents }: Explained, ...end: string[]) => {
    text.push(title);
    for (const line of lines) text.push(`  ${line}`);
    if (parents.length > 0) text.push(`  reads ${parents.map(nameOf).join(', ')}`);
    text.push(...end.map(line => `  ${line}`));
  };
  order.forEach((shuffled, i) => {
    const stage = explainStage(shuffled.parent);
    const to = describePartitioner(shuffled.partitioner);
    const end = `writes ${nameOf(shuffled)} for ${labelOf(shuffled)}: ${to}; ${writing(shuffled)}`;
    write(
      `stage ${i + 1}: ${tasks(shuffled.parent)}, ${pathOf(shuffled.parent, explainedSink(shuffled))}`,
      stage,
      end,
      spillingOf(shuffled, spilling),
    );
  });
  write(`stage ${order.length + 1}: ${tasks(node)}, ${pathOf(node, () => ({ kind: 'collect' }))}`, last, 'gives its rows to the action');
  return text.join('\n');
}

function spillingOf({ shuffle: { spilled } }: ShuffledNode, spilling: string): string {
  return spilled === 0 ? `may spill ${spilling}` : `spilled ${(spilled / 1e6).toFixed(1)} MB ${spilling}`;
}

/** The paths of a stage's branches, each once. */
function pathOf(node: Node, sink: PlanSink): string {
  return [...new Set(pathsOf(node, sink))].join('; ');
}

const tasks = (node: Node) => `${node.partitions} task${node.partitions === 1 ? '' : 's'}`;

function writing({ aggregator, partitioner }: ShuffledNode): string {
  if (aggregator === null || aggregator.kind === 'group') {
    const rows = aggregator === null ? 'rows as they are' : 'rows as they are, grouped when read';
    const byKernel = partitioner.kind === 'hash' || partitioner.kind === 'range';
    return byKernel ? `${rows} (numbers in typed columns, and text on columns, scattered by kernels)` : rows;
  }
  const inTable = 'combined in a table before it, for as long as that saves rows';
  if (partitioner.kind === 'hash' && combinedPlaces(aggregator) !== null) {
    return `${inTable}; tuples of numbers by keys of text, on columns, by kernels`;
  }
  if (aggregator.kind === 'combine') return inTable;
  return aggregator.op === null
    ? `${inTable}; no kernel: the function is not one of a + b, Math.min, Math.max, first, last, nor of these for each place of a tuple`
    : partitioner.kind === 'hash'
      ? 'numbers, and text on columns, combined by kernels; others in a table'
      : `${inTable}; no kernel: they go by the hash of the key`;
}

function explainStage(node: Node): Explained {
  const lines: string[] = [];
  const parents: ShuffledNode[] = [];
  const walk = (at: Node, indent: string, keysAlone = false): void => {
    if (isStored(at)) lines.push(`${indent}${labelOf(at)}: read from where it is kept, ${at.partitions} partitions`);
    else made(at, indent, keysAlone);
    lines.push(...keeping(at).map(line => `${indent}  ${line}`));
  };
  const made = (at: Node, indent: string, keysAlone: boolean): void => {
    switch (at.kind) {
      case 'source':
        lines.push(`${indent}${labelOf(at)}: ${at.describes}, ${at.partitions} partitions`);
        return;
      case 'shuffled':
        if (!parents.includes(at)) parents.push(at);
        lines.push(`${indent}${labelOf(at)}: ${reading(at, keysAlone)}`);
        return;
      case 'union':
      case 'cogroup':
        for (const parent of at.parents) walk(parent, `${indent}  `);
        lines.push(`${indent}${labelOf(at)}${at.kind === 'cogroup' ? ': values of each key gathered from each input' : ''}`);
        return;
      case 'parts':
        for (const parent of at.parents) walk(parent, at.parents.length > 1 ? `${indent}  ` : indent);
        lines.push(`${indent}${labelOf(at)}: ${puttingTogether(at)}`);
        return;
      case 'aggregate':
        walk(at.parent, indent);
        lines.push(
          `${indent}${labelOf(at)}: in place, ${at.partitioner === undefined ? 'each partition by itself' : 'the keys are already in their partitions'}`,
        );
        return;
      case 'mapAsync':
        walk(at.parent, indent);
        lines.push(`${indent}${labelOf(at)}: waits for promises, at most ${at.concurrency} at once`);
        return;
      case 'pipe':
        walk(at.parent, indent);
        lines.push(`${indent}${labelOf(at)}: lines through ${describeCommand(at.command)}, a process a partition`);
        return;
      default:
        walk(at.parent, indent, readsKeysAlone(at));
        lines.push(`${indent}${labelOf(at)}`);
    }
  };
  walk(node, '');
  return { lines, parents };
}

/** Where the rows of a node are kept. */
function keeping({ kept, checkpoint, partitions }: Node): string[] {
  const lines: string[] = [];
  if (checkpoint !== undefined) lines.push(`checkpoint: ${checkpoint.kept.partitions.size} of ${partitions} partitions written`);
  if (kept === undefined) return lines;
  const places = [...kept.partitions.values()].map(({ memory }) => (memory > 0 ? 'memory' : 'disk'));
  const inMemory = places.filter(place => place === 'memory').length;
  lines.push(
    `persisted (${kept.level}): ${places.length} of ${partitions} partitions stored, ${inMemory} in memory, ${places.length - inMemory} on disk`,
  );
  return lines;
}

function puttingTogether({ rule, parents, partitions, firsts }: PartsNode): string {
  switch (rule.kind) {
    case 'concat':
      return parents.length > 1
        ? `partitions of one number one after the other, ${partitions} partitions`
        : `${parents[0]!.partitions} partitions to ${partitions}, neighbours one after the other`;
    case 'zip':
      return 'rows in the same place, side by side';
    case 'cartesian':
      return `every row with every row, ${partitions} partitions; the inputs are computed once for each`;
    case 'call':
      return 'partitions of one number through one function';
    case 'number':
      return firsts?.question === undefined ? 'rows numbered' : 'rows numbered, after a job that counts them';
    case 'deal':
      return `rows dealt out in turn to ${rule.partitions} partitions`;
    case 'sort':
      return `sorted by key within each partition, ${rule.ascending ? 'ascending' : 'descending'}`;
  }
}

function reading({ aggregator, kept, checkpoint }: ShuffledNode, keysAlone: boolean): string {
  if (aggregator === null) return 'rows in map order';
  if (aggregator.kind !== 'group') return 'combined in map order';
  return keysAlone && kept === undefined && checkpoint === undefined
    ? 'each key once: nothing reads the values'
    : 'values of each key in map order';
}
