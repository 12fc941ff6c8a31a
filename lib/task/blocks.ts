// The blocks of the source's elements that a task, or a pipeline within it, has.

import type { Pipeline, TaskSpec } from './spec.js';

/** [from, to). */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/** Those of its indexed source, or of the one that kept rows come from, else its partition (of its part of a union) as one block. */
export function blocksOf({ source }: Pipeline, { inputs, local }: Pick<TaskSpec, 'inputs' | 'local'>): BlockRange {
  if (source.kind === 'mapAsync') return blocksOf(source.of, { inputs, local });
  const input = source.kind === 'leaf' || source.kind === 'stored' ? inputs[source.input] : undefined;
  if (input?.kind === 'range') return rangeOf(input.from, input);
  if (input?.kind === 'rows') return rangeOf(input.firstIndex, input);
  if (input?.kind === 'stored') return input.rows.blocks;
  if (input?.kind === 'computed' && source.kind === 'stored') return blocksOf(source.of, { inputs: input.inputs, local });
  return { from: local, to: local + 1 };
}

function rangeOf(first: number, { rows, blockRows }: { readonly rows: number; readonly blockRows: number }): BlockRange {
  return { from: Math.floor(first / blockRows), to: Math.ceil((first + rows) / blockRows) };
}
