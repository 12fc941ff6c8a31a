// What a plan needs and only a job can tell: the bounds of a sort, the first number of each partition. The first job that
// needs it runs another one before; then it is kept.

import { HeddleError } from '../core/errors.js';
import type { PlanSink } from './build-stage.js';
import type { Node } from './lineage.js';

/** The job that finds it, and what it makes of the results, which come in the order of the partitions. */
export interface Question<T> {
  readonly action: string;
  readonly node: Node;
  readonly sink: PlanSink;
  readonly partitions: readonly number[];
  answer(results: readonly (readonly Uint8Array[])[]): T;
}

export class Deferred<T = unknown> {
  private found: { readonly value: T } | undefined;
  private asked: Question<T> | undefined;

  private constructor() {}

  static ask<T>(question: Question<T>): Deferred<T> {
    const deferred = new Deferred<T>();
    deferred.asked = question;
    return deferred;
  }

  /** What is known without a job. */
  static of<T>(value: T): Deferred<T> {
    const deferred = new Deferred<T>();
    deferred.found = { value };
    return deferred;
  }

  /** Undefined once it is known. */
  get question(): Question<T> | undefined {
    return this.asked;
  }

  get(): T {
    if (this.found === undefined) throw new HeddleError('HEDDLE_INTERNAL', `${this.asked!.action}: a plan was made too early`);
    return this.found.value;
  }

  /** The results of its job. Two jobs at once may both ask: their answers are equal. */
  settle(results: readonly (readonly Uint8Array[])[]): void {
    if (this.asked === undefined) return;
    this.found = { value: this.asked.answer(results) };
    // The lineage that was asked may go.
    this.asked = undefined;
  }
}

/** What is not known yet of a lineage. */
export function openQuestions(node: Node): Set<Deferred> {
  const open = new Set<Deferred>();
  const seen = new Set<Node>([node]);
  for (const at of seen) {
    // What is stored is not made again.
    if (isStored(at)) continue;
    for (const deferred of deferredOf(at)) if (deferred.question !== undefined) open.add(deferred);
    // What was planned once is known.
    if (at.kind === 'shuffled' && at.shuffle.ref !== undefined) continue;
    if ('parents' in at) for (const parent of at.parents) seen.add(parent);
    else if ('parent' in at) seen.add(at.parent);
  }
  return open;
}

/** Whether all of its partitions are kept. */
export function isStored({ kept, checkpoint, partitions }: Node): boolean {
  return checkpoint?.cut !== undefined || kept?.partitions.size === partitions;
}

function deferredOf(node: Node): readonly Deferred[] {
  if (node.kind === 'shuffled' && node.partitioner.kind === 'range') return [node.partitioner.bounds];
  return node.kind === 'parts' && node.firsts !== undefined ? [node.firsts] : [];
}
