// Column pruning behind a shuffle: where nothing reads the values of groups, the tasks that read it do not gather them. What the
// shuffle has stays whole, for whatever reads it next: a count that comes before other actions costs them nothing.

import type { Pipeline, SinkSpec } from '../task/spec.js';
import type { Node } from './lineage.js';

/** Whether an operator reads the keys alone of groups that a shuffle gathers. */
export function readsKeysAlone(node: Node): boolean {
  if (node.kind !== 'operator' || node.operator !== 'map' || !('builtin' in node.f) || node.f.builtin !== 'keyOf') return false;
  const { parent } = node;
  return parent.kind === 'shuffled' && parent.aggregator?.kind === 'group';
}

/** A pipeline whose rows are only counted. */
export function counted(pipeline: Pipeline, sink: SinkSpec): Pipeline {
  return sink.kind === 'count' && pipeline.operators.length === 0 ? withKeysAlone(pipeline) : pipeline;
}

/** The groups of a pipeline without their values; another pipeline as it is. */
export function withKeysAlone(pipeline: Pipeline): Pipeline {
  const { source } = pipeline;
  if (source.kind !== 'shuffle' || source.aggregator?.kind !== 'group') return pipeline;
  return { ...pipeline, source: { ...source, aggregator: { ...source.aggregator, keysAlone: true } } };
}
