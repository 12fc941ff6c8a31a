// The operators of a pipeline over text, from its beginning as far as they are columnar, as one plan.

import type { ShippedClosure } from '../../codec/closure/index.js';
import type { AggregatorSpec, FunctionRef, OperatorSpec, SinkSpec } from '../spec.js';
import { readClosure } from './closure.js';
import { following, isList, openList } from './list.js';
import { lower } from './lower.js';
import { isText, pairOf } from './pair.js';
import { type Beginning, combinersOf, numbersAt } from './places.js';
import { type ColumnarPlan, type ExprId, ExprTable, type Obstacle, type Shape, type Step } from './plan.js';
import { nameOf, scalar, Unsupported, type Value } from './value.js';

export interface Planned {
  /** Undefined when not even the first operator is columnar. */
  readonly plan: ColumnarPlan | undefined;
  /** What ended it; undefined when all operators are in it. */
  readonly obstacle: Obstacle | undefined;
}

/** The columnar plan of as many operators, from the first, as there can be; of all of them, for what the sink combines. */
export function planOperators(operators: readonly OperatorSpec[], closures: readonly ShippedClosure[], sink?: SinkSpec): Planned {
  const aggregator = sink?.kind === 'shuffle' ? sink.aggregator : null;
  const planner = new Planner(closures);
  let plan: ColumnarPlan | undefined;
  for (const [i, operator] of operators.entries()) {
    try {
      planner.take(operator);
      // A row that is never made as such, the parts of a split() say, is one only for the next operator.
      plan = planner.end(i + 1, i === operators.length - 1 ? aggregator : null) ?? plan;
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      return { plan, obstacle: { operator: i, what: error.what, offset: error.offset } };
    }
  }
  if (plan?.covered === operators.length || operators.length === 0) return { plan, obstacle: undefined };
  return { plan, obstacle: { operator: operators.length - 1, what: `${nameOf(planner.row)} as a row`, offset: -1 } };
}

class Planner {
  row: Value;
  private readonly table = new ExprTable();
  /** Those that led to the level of the row. */
  private readonly steps: Step[] = [];
  /** What rows of that level must pass. */
  private tests: readonly ExprId[] = [];

  constructor(private readonly closures: readonly ShippedClosure[]) {
    this.row = scalar(this.table.column(0, 0, 'text'));
  }

  take({ kind, f }: OperatorSpec): void {
    switch (kind) {
      case 'map':
        this.row = this.call(f, this.row);
        return;
      case 'filter':
        this.tests = [...this.tests, this.condition(this.call(f, this.row))];
        return;
      case 'keyBy':
        this.row = { kind: 'tuple', items: [this.call(f, this.row), this.row] };
        return;
      case 'mapValues': {
        const [key, value] = this.pair();
        this.row = { kind: 'tuple', items: [key, this.call(f, value)] };
        return;
      }
      case 'flatMap': {
        this.row = this.each(this.call(f, this.row));
        return;
      }
      case 'flatMapValues': {
        const [key, value] = this.pair();
        this.row = { kind: 'tuple', items: [key, this.each(this.call(f, value))] };
        return;
      }
      default:
        throw new Unsupported(kind, -1);
    }
  }

  /** The plan as it stands, over so many operators; undefined when the row cannot be made of columns. */
  end(covered: number, aggregator: AggregatorSpec | null): ColumnarPlan | undefined {
    const outputs: ExprId[] = [];
    const row = this.shape(this.row, outputs);
    if (row === undefined) return undefined;
    const combined = this.combined(row, aggregator)?.map(expr => this.shape(scalar(expr), outputs)!);
    const steps = [...this.steps, { tests: this.tests, emits: [{ tests: [], outputs }] }];
    return { covered, row, ...(combined === undefined ? {} : { combined }), ...lower(steps, this.table) };
  }

  /** The numbers of a value that an aggregator combines place by place, where it does. */
  private combined(row: Shape, aggregator: AggregatorSpec | null): readonly ExprId[] | undefined {
    const key = pairOf(row)?.[0];
    if (aggregator === null || aggregator.kind === 'group' || aggregator.places === null) return undefined;
    if (key === undefined || !isText(key)) return undefined;
    const { places } = aggregator;
    const [, value] = this.pair();
    if (aggregator.kind === 'reduce') return numbersAt(this.table, value, places);
    const { create, mergeValue } = aggregator;
    const begin = this.beginning(create, mergeValue);
    if (begin === undefined || !('closure' in mergeValue)) return undefined;
    return combinersOf(this.table, value, places, begin, this.closures[mergeValue.closure]!);
  }

  private beginning(create: FunctionRef, mergeValue: FunctionRef): Beginning | undefined {
    if ('closure' in create) return { closure: this.closures[create.closure]! };
    if (!('of' in create && 'closure' in create.of && 'closure' in mergeValue)) return undefined;
    return create.of.closure === mergeValue.closure ? { zero: create.first } : undefined;
  }

  /** Each element of a list as a row. */
  private each(list: Value): Value {
    if (!isList(list)) throw new Unsupported(`flatMap of ${nameOf(list)}`, -1);
    const opened = openList(this.table, list, this.steps.length);
    const { steps, tests } = following(this.tests, opened);
    this.steps.push(...steps);
    this.tests = tests;
    return opened.element;
  }

  private pair(): readonly [Value, Value] {
    const { row } = this;
    if (row.kind !== 'tuple' || row.items.length !== 2) throw new Unsupported('pairs that are not [key, value]', -1);
    return row.items as readonly Value[] as [Value, Value];
  }

  private call(f: FunctionRef, row: Value): Value {
    if ('closure' in f) return readClosure(this.closures[f.closure]!, [row], this.table);
    if (!('builtin' in f)) throw new Unsupported('a bound function', -1);
    switch (f.builtin) {
      case 'rowToKey':
        // The 1 is read: subtract adds them up.
        return { kind: 'tuple', items: [row, scalar(this.table.constant(1))] };
      case 'keyOf':
        if (row.kind === 'tuple' && row.items.length > 0) return row.items[0]!;
        throw new Unsupported('keys of what is no pair', -1);
      case 'valueOf':
        return this.pair()[1];
      default:
        throw new Unsupported(f.builtin, -1);
    }
  }

  private condition(value: Value): ExprId {
    if (value.kind !== 'scalar') throw new Unsupported(`${nameOf(value)} as a condition`, -1);
    return this.table.type(value.expr) === 'boolean' ? value.expr : this.table.of('truthy', 'boolean', value.expr);
  }

  /** How outputs make the row; adds those that it needs. */
  private shape(value: Value, outputs: ExprId[]): Shape | undefined {
    switch (value.kind) {
      case 'scalar': {
        const node = this.table.nodes[value.expr]!;
        if (node.op === 'constant') return { kind: 'constant', value: node.value };
        const known = outputs.indexOf(value.expr);
        return { kind: 'column', column: known >= 0 ? known : outputs.push(value.expr) - 1, type: node.type };
      }
      case 'nothing':
        return { kind: 'constant', value: value.value };
      case 'tuple':
      case 'struct': {
        const values = value.kind === 'tuple' ? value.items : value.fields.map(([, field]) => field);
        const items: Shape[] = [];
        for (const item of values) {
          const shape = this.shape(item, outputs);
          if (shape === undefined) return undefined;
          items.push(shape);
        }
        return value.kind === 'tuple' ? { kind: 'tuple', items } : { kind: 'struct', names: value.fields.map(([name]) => name), items };
      }
      default:
        return undefined;
    }
  }
}
