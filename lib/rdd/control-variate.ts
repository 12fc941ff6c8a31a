// controlVariate: pairs [value, control] and the control's known mean, to a better estimate of the value's.

import { badArgument } from '../core/errors.js';
import { checkOptions } from '../core/options.js';
import { Comoments, type ComomentsRecord, type ControlledEstimate, controlled, mergeComoments } from '../task/stats/comoments.js';
import type { RddBase } from './rdd-base.js';
import { runForTree } from './results.js';
import type { ActionOptions } from './types.js';

export interface ControlOptions extends ActionOptions {
  /** Of the interval; 0.95 when not given. */
  readonly confidence?: number | undefined;
}

export async function controlVariate(rdd: RddBase, known: number, options: ControlOptions | undefined): Promise<ControlledEstimate> {
  if (!(typeof known === 'number' && Number.isFinite(known)))
    throw badArgument('controlVariate(known)', known, 'the mean of the control, a finite number');
  checkOptions('controlVariate(options)', options, ['confidence', 'signal', 'deadline']);
  const { confidence = 0.95, ...rest } = options ?? {};
  checkConfidence('controlVariate(confidence)', confidence);
  const action = { session: rdd.session, node: rdd.node, name: 'controlVariate', options: rest };
  const result = await runForTree<ComomentsRecord>(action, () => ({ kind: 'comoments' }), mergeComoments);
  return controlled(result?.value ?? new Comoments(), known, confidence);
}

export function checkConfidence(argument: string, value: unknown): void {
  if (!(typeof value === 'number' && value > 0 && value < 1)) throw badArgument(argument, value, 'a probability between 0 and 1');
}
