// From steps whose expressions may be of any level to steps that each know their own columns only: what a step needs of the
// rows before it travels with them as further columns.

import { type Emit, type ExprId, type ExprNode, ExprTable, PLACE, type Step } from './plan.js';

export interface Lowered {
  readonly exprs: readonly ExprNode[];
  readonly steps: readonly Step[];
}

/** Steps of the levels 0, 1, 2 and so on. The outputs of the last step are as many as before, in their order. */
export function lower(steps: readonly Step[], from: ExprTable): Lowered {
  const to = new ExprTable();
  const levels = levelsOf(from);
  const lowered: Step[] = [];
  let needed: readonly ExprId[] = [];
  for (let level = steps.length - 1; level >= 0; level--) {
    const { tests, emits, split } = steps[level]!;
    const writer = new Lowering(from, to, levels, level, ownColumns(steps[level - 1]));
    const more = needed;
    const step = {
      tests: writer.all(tests),
      emits: emits.map(emit => ({ tests: writer.all(emit.tests), outputs: writer.all([...emit.outputs, ...more]) })),
      ...(split === undefined ? {} : { split }),
    };
    lowered.unshift(step);
    needed = writer.carried;
  }
  return { exprs: to.nodes, steps: lowered };
}

/** The columns that a step puts out by itself: the next one's, before what it carries. */
function ownColumns(before: Step | undefined): number {
  if (before === undefined) return 1;
  return before.split === undefined ? (before.emits[0] as Emit).outputs.length : PLACE + 1;
}

class Lowering {
  /** Expressions of lower levels: the columns behind the level's own. */
  readonly carried: ExprId[] = [];
  private readonly known = new Map<ExprId, ExprId>();

  constructor(
    private readonly from: ExprTable,
    private readonly to: ExprTable,
    private readonly levels: readonly number[],
    private readonly level: number,
    private readonly own: number,
  ) {}

  all(ids: readonly ExprId[]): ExprId[] {
    return ids.map(id => this.one(id));
  }

  private one(id: ExprId): ExprId {
    let lowered = this.known.get(id);
    if (lowered === undefined) this.known.set(id, (lowered = this.make(id)));
    return lowered;
  }

  private make(id: ExprId): ExprId {
    const node = this.from.nodes[id]!;
    const level = this.levels[id]!;
    if (level >= 0 && level < this.level) {
      return this.to.column(this.level, this.own + this.carried.push(id) - 1, node.type);
    }
    return this.to.add('args' in node ? { ...node, args: this.all(node.args) } : node);
  }
}

/** Of each expression the highest level of the columns that it is made of; -1 for a constant. */
function levelsOf({ nodes }: ExprTable): readonly number[] {
  const levels: number[] = [];
  // An expression comes after its arguments.
  for (const node of nodes) {
    levels.push(node.op === 'column' ? node.level : 'args' in node ? Math.max(-1, ...node.args.map(arg => levels[arg]!)) : -1);
  }
  return levels;
}
