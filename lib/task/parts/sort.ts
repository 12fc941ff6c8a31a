// The pairs of a partition in the order of their keys.

import { sortedOrder } from '../../codec/key-sort.js';
import { type TaskContext, taskError } from '../pipeline.js';

interface Columns {
  readonly keys: unknown[];
  readonly values: unknown[];
}

export function sortPairs(task: TaskContext, label: string, { keys, values }: Columns, ascending: boolean): Columns {
  task.env.checkCancelled();
  const order = orderOf(task, label, keys, ascending);
  const sorted: Columns = { keys: new Array(order.length), values: new Array(order.length) };
  for (let i = 0; i < order.length; i++) {
    sorted.keys[i] = keys[order[i]!];
    sorted.values[i] = values[order[i]!];
  }
  return sorted;
}

function orderOf(task: TaskContext, label: string, keys: readonly unknown[], ascending: boolean): Uint32Array {
  try {
    return sortedOrder(keys, ascending);
  } catch (error) {
    throw taskError(error, label, task.spec);
  }
}
