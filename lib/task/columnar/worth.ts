// Whether columns pay. Rows that in the end become strings all the same are made faster by the loop over lines; columns pay
// where the sink takes them as they are, where some rows are never made, or where no row has text.

import type { Pipeline, SinkSpec } from '../spec.js';
import { crossesAsColumns, isText, pairOf } from './pair.js';
import type { ColumnarPlan, Shape } from './plan.js';

export function isWorthwhile(plan: ColumnarPlan, pipeline: Pipeline, sink: SinkSpec): boolean {
  if (plan.steps.some(({ tests, emits }) => tests.length > 0 || emits.some(emit => emit.tests.length > 0))) return true;
  if (!hasText(plan.row)) return true;
  return plan.covered === pipeline.operators.length && takesColumns(plan, sink);
}

/** Whether a sink takes rows of this shape as columns, or as the one column of numbers that they are. */
export function takesColumns({ row }: ColumnarPlan, sink: SinkSpec): boolean {
  switch (sink.kind) {
    case 'count':
      return true;
    case 'sum':
    case 'moments':
      return row.kind === 'column' && row.type === 'number';
    case 'countByValue':
      return isText(row);
    case 'shuffle': {
      const { aggregator, partitioner } = sink;
      // A combiner is found by its key's hash; a row that goes as it is has columns of its own.
      if (aggregator === null || aggregator.kind === 'group') {
        return (partitioner.kind === 'hash' || partitioner.kind === 'range') && crossesAsColumns(row);
      }
      const key = pairOf(row)?.[0];
      return key !== undefined && isText(key) && partitioner.kind === 'hash';
    }
    case 'sampleKeys': {
      const key = pairOf(row)?.[0];
      return key !== undefined && isText(key);
    }
    default:
      return false;
  }
}

/** Whether strings would have to be made of a row. */
function hasText(row: Shape): boolean {
  return row.kind === 'column' ? row.type === 'text' : 'items' in row && row.items.some(hasText);
}
