// Hash aggregation for any keys and values: a dense index of the keys and one combiner for each, in order of first appearance.

import { KeyIndex } from '../codec/key-index.js';
import { COMBINE_PROBE } from '../shuffle/combine-policy.js';
import { keyExpression, type RowCode, type SinkCode, valueExpression } from './compile.js';
import type { AnyFunction, ProgramFunctions } from './functions.js';
import type { AggregatorSpec } from './spec.js';

/** The three functions of an aggregation (Spark's combineByKey). */
export interface Aggregation {
  readonly create: AnyFunction;
  readonly mergeValue: AnyFunction;
  readonly mergeCombiners: AnyFunction;
  /** Whether rows are worth combining before the shuffle. */
  readonly mapSide: boolean;
  readonly label: string;
}

/** The combiner of a value that is combined as it is. */
export const asItIs = (value: unknown) => value;
const listOf = (value: unknown) => [value];
const append = (list: unknown[], value: unknown) => {
  list.push(value);
  return list;
};
const concatenate = (a: unknown[], b: readonly unknown[]) => {
  for (let i = 0; i < b.length; i++) a.push(b[i]);
  return a;
};

/** What an aggregator means. A group's rows cross the shuffle one by one: its combiners are made on the reduce side. */
export function aggregationOf(spec: AggregatorSpec, functions: ProgramFunctions): Aggregation {
  switch (spec.kind) {
    case 'reduce': {
      const f = functions.get(spec.f);
      return { create: asItIs, mergeValue: f, mergeCombiners: f, mapSide: true, label: spec.label };
    }
    case 'group':
      return { create: listOf, mergeValue: append, mergeCombiners: concatenate, mapSide: false, label: spec.label };
    case 'combine':
      return {
        create: functions.get(spec.create),
        mergeValue: functions.get(spec.mergeValue),
        mergeCombiners: functions.get(spec.mergeCombiners),
        mapSide: true,
        label: spec.label,
      };
  }
}

export class CombineTable {
  readonly index = new KeyIndex();
  combiners: unknown[] = [];
  /** Rows added by loop code since the table was last empty. */
  rows = 0;

  get size(): number {
    return this.combiners.length;
  }

  get keys(): readonly unknown[] {
    return this.index.keys;
  }

  /** Whether a row with this key would bring a new one at a size at which it pays to look back. */
  isToBeJudged(key: unknown): boolean {
    return this.size !== 0 && this.size % COMBINE_PROBE === 0 && this.index.find(key) < 0;
  }

  clear(): void {
    this.index.clear();
    this.combiners = [];
    this.rows = 0;
  }

  /**
   * Loop code that adds a row: `find` looks for its key, `add` puts it there. s0 makes a combiner of a value, s1 adds a value to
   * one. `owner` names an object whose `table` is this.
   */
  static code(owner: string): Pick<SinkCode, 'before' | 'after'> & Record<'find' | 'add', (row: RowCode) => string> {
    return {
      before: `const index = ${owner}.table.index, known = index.map; let combiners = ${owner}.table.combiners, d = 0, added = 0;`,
      find: row => `d = known.get(${keyExpression(row)});`,
      add: row => `added++; if (d === undefined) d = index.findOrAdd(${keyExpression(row)});
         if (d === combiners.length) combiners.push(s0(${valueExpression(row)})); else combiners[d] = s1(combiners[d], ${valueExpression(row)});`,
      after: `${owner}.table.rows += added;`,
    };
  }
}
