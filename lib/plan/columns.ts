// Which stages run on columns of bytes, and what kept the others from it.

import { basename } from 'node:path';
import { closurePlace, type ShippedClosure } from '../codec/closure/index.js';
import { planOperators } from '../task/columnar/operators.js';
import type { Obstacle } from '../task/columnar/plan.js';
import { isWorthwhile } from '../task/columnar/worth.js';
import type { Pipeline, SinkSpec } from '../task/spec.js';
import type { Leaf } from './branches.js';

export interface Columns {
  /** With its columnar beginning, where there is one that pays. */
  readonly pipeline: Pipeline;
  /** In words, for explain(). */
  readonly path: string;
}

/** Plans the first operators over text on columns. */
export function columnsOf(pipeline: Pipeline, leaves: readonly Leaf[], closures: readonly ShippedClosure[], sink: SinkSpec): Columns {
  const leaf = pipeline.source.kind === 'leaf' ? leaves[pipeline.source.input] : undefined;
  if (leaf?.kind !== 'source' || leaf.format !== 'text') return { pipeline, path: 'fused loop' };
  const { operators } = pipeline;
  const { plan, obstacle } = planOperators(operators, closures, sink);
  const until = obstacle === undefined ? '' : `: ${explainObstacle(obstacle, pipeline, closures)}`;
  if (plan === undefined) return { pipeline, path: `fused loop, not columnar${until}` };
  if (!isWorthwhile(plan, pipeline, sink)) {
    return {
      pipeline,
      path: obstacle === undefined ? 'fused loop: all lines become strings in the end' : `fused loop, not columnar${until}`,
    };
  }
  const covered =
    plan.covered === operators.length ? 'columnar' : `columnar for ${plan.covered} of ${operators.length} operators, then fused loop`;
  return { pipeline: { ...pipeline, columnar: plan }, path: `${covered}${until}` };
}

function explainObstacle({ operator, what, offset }: Obstacle, { operators }: Pipeline, closures: readonly ShippedClosure[]): string {
  const { label, f } = operators[operator]!;
  const place = 'closure' in f && offset >= 0 ? closurePlace(closures[f.closure]!, offset) : undefined;
  return `${label} has ${what}${place === undefined ? '' : ` (${basename(place.file)}:${place.line})`}`;
}
