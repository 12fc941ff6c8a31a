// Sources that read whole partitions of other pipelines, by the rule that puts them together.

import { HeddleError } from '../../core/errors.js';
import type { Source } from '../batch.js';
import type { TaskContext } from '../pipeline.js';
import type { SourceSpec } from '../spec.js';
import { CallSource } from './call.js';
import { CartesianSource } from './cartesian.js';
import { ConcatSource } from './concat.js';
import { DealSource, NumberSource } from './number.js';
import { PartRows, taskOfPart } from './part-rows.js';
import { openSorted } from './sort.js';
import { ZipSource } from './zip.js';

export function openParts(task: TaskContext, spec: SourceSpec & { readonly kind: 'parts' }): Source {
  const input = task.spec.inputs[spec.input]!;
  if (input.kind !== 'parts') throw new HeddleError('HEDDLE_INTERNAL', `the input of parts is a ${input.kind}`);
  const openers = input.parts.map(part => () => new PartRows(taskOfPart(task, part), spec.of[part.pipeline]!));
  const { local } = task.spec;
  const { rule } = spec;
  switch (rule.kind) {
    case 'concat':
      return new ConcatSource(local, openers);
    case 'zip':
      return new ZipSource(task, spec.label, ...openAll(openers, 2));
    case 'cartesian':
      return new CartesianSource(local, ...openAll(openers, 2));
    case 'call':
      return new CallSource(task, spec.label, openAll(openers), task.loaded.functions.get(rule.f) as (...rows: unknown[]) => unknown);
    case 'number':
      return new NumberSource(local, openers[0]!(), input.first, rule.step);
    case 'deal':
      return new DealSource(local, openers[0]!(), input.first, rule.partitions);
    case 'sort': {
      const part = input.parts[0]!;
      return openSorted(taskOfPart(task, part), spec.of[part.pipeline]!, spec.label, rule.ascending, local);
    }
  }
}

/** All of them, or none: what was opened before one that fails is closed. */
function openAll(openers: readonly (() => PartRows)[]): PartRows[];
function openAll(openers: readonly (() => PartRows)[], count: 2): [PartRows, PartRows];
function openAll(openers: readonly (() => PartRows)[]): PartRows[] {
  const opened: PartRows[] = [];
  try {
    for (const open of openers) opened.push(open());
  } catch (error) {
    for (const part of opened) part.close();
    throw error;
  }
  return opened;
}
