// The blocks of the source's elements that a task, or a pipeline within it, has.

import type { Pipeline, RangeInput, RowsInput, TaskSpec } from './spec.js';

/** [from, to). */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

/** Those of its indexed source, or of the one that kept rows come from, else its partition (of its part of a union) as one block. */
export function blocksOf({ source }: Pipeline, { inputs, local }: Pick<TaskSpec, 'inputs' | 'local'>): BlockRange {
  if (source.kind === 'mapAsync') return blocksOf(source.of, { inputs, local });
  const input = source.kind === 'leaf' || source.kind === 'stored' ? inputs[source.input] : undefined;
  if (input?.kind === 'range' || input?.kind === 'rows') return rangeOfInput(input);
  if (input?.kind === 'several') return { from: rangeOfInput(input.of[0]!).from, to: rangeOfInput(input.of.at(-1)!).to };
  if (input?.kind === 'stored') return input.rows.blocks;
  if (input?.kind === 'computed' && source.kind === 'stored') return blocksOf(source.of, { inputs: input.inputs, local });
  return { from: local, to: local + 1 };
}

function rangeOfInput(input: RangeInput | RowsInput): BlockRange {
  const { rows, blockRows } = input;
  const first = input.kind === 'range' ? input.from : input.firstIndex;
  return { from: Math.floor(first / blockRows), to: Math.ceil((first + rows) / blockRows) };
}
