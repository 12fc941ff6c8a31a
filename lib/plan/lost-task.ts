// The error of a task that was lost with its executors again and again. There is no stack to tell where it was, so it names all
// that may have been at work: the operators of its branch, as the user wrote them.

import { HeddleError } from '../core/errors.js';
import type { StageId } from '../core/ids.js';
import type { Pipeline } from '../task/spec.js';
import type { BuiltStage } from './build-stage.js';

/** Such an error with the names of its stage and its operators; any other as it is. */
export function withOperators(error: unknown, stages: ReadonlyMap<StageId, { readonly built: BuiltStage }>): unknown {
  if (!(error instanceof HeddleError) || error.code !== 'HEDDLE_TASK_LOST') return error;
  const { stage, partition } = error.data as { readonly stage: StageId; readonly partition: number };
  const built = stages.get(stage)?.built;
  if (built === undefined) return error;
  const operators = [...new Set(labelsOf(built.parsed.branches[built.locate(partition).branch]!))];
  const named = operators.length === 0 ? '' : `. Its operators: ${operators.join(', ')}`;
  return new HeddleError(error.code, `${built.name}: ${error.message}${named}`, {
    data: { ...error.data, stageName: built.name, operators },
    cause: error.cause,
  });
}

/** From the source on. */
function labelsOf({ source, operators }: Pipeline): string[] {
  const below = 'of' in source ? [source.of].flat().flatMap(labelsOf) : [];
  const own = 'label' in source ? [source.label] : 'aggregator' in source && source.aggregator !== null ? [source.aggregator.label] : [];
  return [...below, ...own, ...operators.map(({ label }) => label)];
}
