// One function of a capture: its source, its own properties, and the variables it takes from outside. What must never
// be shipped is refused here: `this` from outside, assigned variables, native code.
import type { FunctionAnalysis } from './analyse.js';
import { captureProperties } from './capture-object.js';
import { captureVariable } from './capture-variable.js';
import type { Graph, Link } from './graph.js';
import { baseUrl } from './imports.js';
import { scriptInfo } from './inspect.js';
import { sourceStart } from './place.js';
import type { AnyFunction, FunctionRecord } from './record.js';
import { dynamicImports } from './specifiers.js';
import type { Capture, FunctionNode, NodeIndex, Property, ShippedNode } from './types.js';

/** Makes the node of a function; the graph has given it the index already, so that it may refer to itself. */
export function captureFunction(graph: Graph, record: FunctionRecord, index: NodeIndex, link: Link): ShippedNode {
  if (record.isNative) return captureBound(graph, record, link);
  const { analysis } = record;
  if (analysis === undefined)
    return graph.refuse('source', `the source of ${nameOf(record.fn) || 'a function'} cannot be read on its own`, link);
  const within: Link = { parent: link, label: '', record, offset: analysis.refused?.offset ?? 0 };
  if (analysis.refused) return graph.refuse(analysis.refused.kind, describe(analysis.refused.kind), within);
  refuseThis(graph, record, analysis, link);
  const outside = outsideScript(link);
  if (outside !== undefined && outside !== record.script && scriptInfo(record.script)?.url.startsWith('node:'))
    return graph.refuse('native function', `${nameOf(record.fn)}, a function of Node.js itself`, link);

  const captures: Capture[] = [];
  for (const variable of analysis.free) {
    const node = captureVariable(graph, record, variable, { parent: link, label: variable.name, record, offset: variable.offset });
    if (node === undefined) continue;
    captures.push({ name: variable.name, node, late: false });
    if (variable.eager) graph.needsEagerly(index, node);
  }
  // A function that takes nothing from outside is looked up only if an error ever has to be traced back to it.
  const known = record.isInspected || analysis.imports.length > 0;
  const start = known ? sourceStart(record.inspected.location, record.source, analysis) : { line: 0, column: 0 };
  return {
    kind: 'function',
    source: analysis.code,
    form: analysis.form,
    strict: analysis.strict && !isSloppy(record.fn),
    name: nameOf(record.fn),
    anonymous: analysis.anonymous,
    captures,
    ...captureOwn(graph, record, analysis, link),
    imports: analysis.imports,
    ...importing(graph, record, analysis, within),
    script: known ? record.script : '',
    ...start,
  } satisfies FunctionNode;
}

/** What its dynamic imports are resolved against, and the bundle that has them. */
function importing(graph: Graph, record: FunctionRecord, { imports, code }: FunctionAnalysis, link: Link) {
  if (imports.length === 0) return { parent: '' };
  const { script } = record; // asked for only here: it takes the inspector
  const parent = baseUrl(script);
  return { parent, modules: graph.modulesFor(script, parent, dynamicImports(code, imports), link) };
}

function describe(kind: string): string {
  return kind === 'eval'
    ? 'it calls eval directly'
    : kind === 'private member'
      ? 'it reads a private member of a class'
      : `it uses ${kind} of the code around it`;
}

/** The closure itself is called without a `this`; a function that it calls as a method is not. */
function refuseThis(graph: Graph, record: FunctionRecord, analysis: FunctionAnalysis, link: Link): void {
  if (link.parent === undefined && analysis.type === 'function' && analysis.ownThis >= 0)
    graph.refuse('this', 'it uses this', { parent: link, label: '', record, offset: analysis.ownThis });
}

/** The script of the function that captured this one. */
function outsideScript(link: Link): string | undefined {
  for (let at: Link | undefined = link; at !== undefined; at = at.parent) if (at.record) return at.record.script;
  return undefined;
}

function captureBound(graph: Graph, record: FunctionRecord, link: Link): ShippedNode {
  const { bound } = record.inspected;
  if (bound === undefined) return graph.refuse('native function', `${nameOf(record.fn)}, a native function`, link);
  return {
    kind: 'bound',
    target: graph.intern(bound.target, { parent: link, label: '.bind target' }),
    self: graph.intern(bound.self, { parent: link, label: '.bind this' }),
    args: Array.from(bound.args, (arg, i) => graph.intern(arg, { parent: link, label: `.bind argument ${i}` })),
  };
}

/** V8 gives `caller` to sloppy functions only; an arrow in sloppy code cannot be told and is taken as strict if it parses so. */
function isSloppy(fn: AnyFunction): boolean {
  return Object.hasOwn(fn, 'caller');
}

function nameOf(fn: AnyFunction): string {
  const name: unknown = Object.getOwnPropertyDescriptor(fn, 'name')?.value;
  return typeof name === 'string' ? name : '';
}

const OWN = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);

/** Properties of the function and of its prototype that its source does not make by itself. */
function captureOwn(
  graph: Graph,
  { fn }: FunctionRecord,
  { type, members }: FunctionAnalysis,
  link: Link,
): { properties: Property[]; prototype: Property[]; inherits: NodeIndex | undefined } {
  const isClass = type === 'class';
  const byBody = (names: ReadonlySet<string>, owner: object, key: string | symbol) =>
    isClass && ((typeof key === 'string' && names.has(key)) || (members.computed && isMethod(owner, key)));
  const properties = captureProperties(
    graph,
    fn,
    link,
    key => !(typeof key === 'string' && OWN.has(key)) && !byBody(members.static, fn, key),
  );
  const own: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value;
  if (typeof own !== 'object' || own === null || (type !== 'class' && isGenerator(own)))
    return { properties, prototype: [], inherits: undefined };
  const below: Link = { parent: link, label: '.prototype' };
  const prototype = captureProperties(graph, own, below, key => key !== 'constructor' && !byBody(members.prototype, own, key));
  const above: object | null = Object.getPrototypeOf(own);
  const parent: unknown =
    isClass || above === null || above === Object.prototype ? undefined : (above as { constructor?: unknown }).constructor;
  return { properties, prototype, inherits: typeof parent === 'function' ? graph.intern(parent, below) : undefined };
}

function isMethod(owner: object, key: string | symbol): boolean {
  const descriptor = Object.getOwnPropertyDescriptor(owner, key);
  return typeof descriptor?.value === 'function' || descriptor?.get !== undefined || descriptor?.set !== undefined;
}

function isGenerator(prototype: object): boolean {
  return Object.prototype.toString.call(prototype).endsWith('Generator]');
}
