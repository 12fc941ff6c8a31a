// What a shipped closure is: plain data that structured clone carries, made by capture.ts on the driver and turned
// back into a function by revive.ts in a worker. It is a graph of nodes that refer to each other by index.
//
// Invariants: `order` names every node once, children before parents as far as cycles allow; a function's capture is
// `late` exactly when its node comes later in `order` (a cycle between functions); all object values of `value`
// nodes were cloned when the closure was captured, in one go, so they are a snapshot and keep sharing among themselves.

import type { Reference } from './reference.js';

/** An index into `ShippedClosure.nodes`. */
export type NodeIndex = number;

export interface ShippedClosure {
  /** Unique in the process that captured it. */
  readonly id: number;
  /** The node of the closure itself. */
  readonly entry: NodeIndex;
  readonly nodes: readonly ShippedNode[];
  /** The order in which a worker makes the nodes. */
  readonly order: readonly NodeIndex[];
  /** Roughly how many bytes the captured values and sources take. */
  readonly bytes: number;
}

export type ShippedNode =
  | ValueNode
  | FunctionNode
  | ObjectNode
  | { readonly kind: 'bound'; readonly target: NodeIndex; readonly self: NodeIndex; readonly args: readonly NodeIndex[] }
  /** What a function of no arguments returns, and the property names from there: a script's own `require(...)` expressions. */
  | { readonly kind: 'call'; readonly target: NodeIndex; readonly path: readonly string[] }
  /** Reached by property names from globalThis: Math.max, Array.prototype.map, Symbol.iterator. */
  | { readonly kind: 'global'; readonly path: readonly string[] }
  /** Reached by property names from a built-in module. */
  | { readonly kind: 'builtin'; readonly module: string; readonly path: readonly string[] }
  | ImportNode
  | RequireNode
  | ModulesNode
  | { readonly kind: 'symbol'; readonly key: string }
  | { readonly kind: 'buffer'; readonly bytes: Uint8Array }
  | { readonly kind: 'url'; readonly href: string }
  /** An object of the driver that the worker has by another way. */
  | { readonly kind: 'reference'; readonly reference: Reference }
  /** Code that tools inject and that has no meaning in a worker: esbuild's `__name`, istanbul's counters. */
  | { readonly kind: 'stub'; readonly stub: 'name' | 'coverage' };

/** A primitive, or an object that structured clone carries without loss. */
export interface ValueNode {
  readonly kind: 'value';
  value: unknown;
}

export interface ImportNode {
  readonly kind: 'import';
  /** As the user's script wrote it. */
  readonly specifier: string;
  /** The URL of the script that imports it; the specifier is resolved against it. */
  readonly parent: string;
  /** The export's name; undefined for the whole namespace. */
  readonly name: string | undefined;
  /** The bundle that has the module; absent where it is imported from its file. */
  readonly modules?: Reference | undefined;
}

/** `require` as the file `parent` has it; with `id`, what it gives for it. */
export interface RequireNode {
  readonly kind: 'require';
  readonly parent: string;
  readonly id?: string;
  readonly modules?: Reference | undefined;
}

/** The modules of a bundle, which closures refer to: see bundle.ts. */
export interface ModulesNode {
  readonly kind: 'modules';
  readonly hash: string;
  readonly text: string;
}

/** How a function's source text becomes a function again. */
export type SourceForm = 'expression' | 'method' | 'getter' | 'setter';

export interface Capture {
  readonly name: string;
  readonly node: NodeIndex;
  late: boolean;
}

export interface FunctionNode {
  readonly kind: 'function';
  /** The source text, as Function.prototype.toString gives it. */
  readonly source: string;
  readonly form: SourceForm;
  /** Whether it is evaluated as strict mode code. */
  readonly strict: boolean;
  readonly name: string;
  /** Whether the source leaves it to the place of definition to name the function. */
  readonly anonymous: boolean;
  readonly captures: Capture[];
  /** Own data properties and prototype properties that the source does not make again. */
  properties: readonly Property[];
  prototype: readonly Property[];
  /** The constructor whose prototype this function's prototype inherits from, when the source does not say so. */
  inherits: NodeIndex | undefined;
  /** Offsets of the `import` keyword in dynamic imports, and the URL they are resolved against. */
  readonly imports: readonly number[];
  readonly parent: string;
  readonly modules?: Reference | undefined;
  /** V8's id of the script on the driver ('' when it was not looked up), and where the source starts in it, 0-based. */
  readonly script: string;
  readonly line: number;
  readonly column: number;
}

/** An object that is made again property by property, because something in it needs it. */
export interface ObjectNode {
  readonly kind: 'object';
  readonly base: 'Object' | 'Array' | 'Map' | 'Set' | 'Error' | 'Date';
  /** The prototype: that of `base`, null, a class node's `.prototype`, or a node itself. */
  readonly proto: 'base' | 'null' | { readonly node: NodeIndex; readonly of: 'class' | 'object' };
  /** Array elements (-1 for a hole), set members, map keys and values in turn, a date's time. */
  items: readonly NodeIndex[];
  properties: readonly Property[];
  /** An array's length. */
  readonly length: number;
}

export interface Property {
  readonly key: string | NodeIndex;
  readonly value?: NodeIndex;
  readonly get?: NodeIndex | undefined;
  readonly set?: NodeIndex | undefined;
  readonly enumerable: boolean;
}
