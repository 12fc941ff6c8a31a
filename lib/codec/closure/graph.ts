// The contract between the parts of a capture: how they add nodes to the graph, and how they say where a value came
// from when it has to be refused.
import type { ModuleUse } from './bundled.js';
import type { Refusal } from './errors.js';
import type { AnyFunction, FunctionRecord } from './record.js';
import type { Referable, Reference } from './reference.js';
import type { NodeIndex, ShippedNode } from './types.js';

/** How a value was reached: a captured variable of a function, or a part of the value of `parent`. */
export interface Link {
  readonly parent: Link | undefined;
  /** A variable's name, or `.key`, `[2]`. */
  readonly label: string;
  /** For a captured variable: the function that uses it, and where in its source. */
  readonly record?: FunctionRecord;
  readonly offset?: number;
}

export interface Graph {
  /** The node of a value, made at first sight; its parts follow later. */
  intern(value: unknown, link: Link): NodeIndex;
  /** Adds a node that stands for no value of the driver. */
  add(node: ShippedNode): NodeIndex;
  /** Adds the node of a function, its captures read by `record`; for code that is not a function of the driver. */
  addFunction(record: FunctionRecord, link: Link): NodeIndex;
  recordOf(fn: AnyFunction): FunctionRecord;
  /** Whether an object must be made again; asks for its scan, and remembers the outcome. */
  isRebuilt(value: object, link: Link): boolean;
  /** Functions (classes included) inside a value: those its scan met. */
  functionsIn(value: object, link: Link): readonly object[];
  /** Remembers an object that is shipped by name only. */
  refer(value: Referable): void;
  /** The bundle that has the modules which code of a script uses; undefined where they are imported from their files. */
  modulesFor(script: string, parent: string, uses: readonly ModuleUse[], link: Link): Reference | undefined;
  needsEagerly(node: NodeIndex, target: NodeIndex): void;
  refuse(kind: Refusal, what: string, link: Link): never;
}
