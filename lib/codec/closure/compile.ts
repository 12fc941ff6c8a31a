// In a worker: one function node from source to function. The source sits inside a function whose parameters are the
// captured variables; what is put before it is balanced by the offsets, so that it keeps its line and column.
import vm from 'node:vm';
import type { FunctionNode, NodeIndex } from './types.js';

type AnyFunction = (...args: never[]) => unknown;

/** Captures that come later in a cycle: `set` gives the variable its value once it is there. */
export interface Compiled {
  readonly fn: AnyFunction;
  readonly late: readonly { readonly node: NodeIndex; readonly set: (value: unknown) => void }[];
}

/** The name of a closure's node in stack traces. */
export function scriptName(id: number, node: NodeIndex): string {
  return `heddle-closure:${id}/${node}`;
}

/** Such names in a text. */
export const SCRIPT_NAME = /\bheddle-closure:(\d+)\/(\d+)/g;

// As long as the word it stands for, so that columns stay.
const IMPORT = '$impt$';

export function compileFunctionNode(
  node: FunctionNode,
  index: NodeIndex,
  id: number,
  made: readonly unknown[],
  done: Uint8Array,
  importer: (specifier: string) => Promise<unknown>,
): Compiled {
  const names: string[] = [];
  const values: unknown[] = [];
  const late: { name: string; node: NodeIndex }[] = [];
  let self: string | undefined;
  for (const capture of node.captures) {
    if (capture.node === index) self = capture.name;
    else if (capture.late || done[capture.node] === 0) late.push(capture);
    else {
      names.push(capture.name);
      values.push(made[capture.node]);
    }
  }
  if (node.imports.length > 0) {
    names.push(IMPORT);
    values.push(importer);
  }
  const [before, after] = around(node, self, late, names);
  const source = replaceImports(node);
  // A negative column offset is not to be had: then the source goes to a line of its own, moved right by spaces.
  const fits = node.column >= before.length;
  const code = fits ? before + source + after : `${before}\n${' '.repeat(node.column)}${source}${after}`;
  const make = vm.compileFunction(code, names, {
    filename: scriptName(id, index),
    lineOffset: fits ? node.line : node.line - 1,
    columnOffset: fits ? node.column - before.length : 0,
  }) as (...args: unknown[]) => AnyFunction | [AnyFunction, ...((value: unknown) => void)[]];
  const result = Reflect.apply(make, undefined, values) as ReturnType<typeof make>;
  const [fn, ...setters] = Array.isArray(result) ? result : [result];
  if (Object.getOwnPropertyDescriptor(fn, 'name')?.value !== node.name) nameFunction(fn, node.name);
  return { fn, late: late.map(({ node: target }, i) => ({ node: target, set: setters[i]! })) };
}

/** What goes before and after the source. A const of its own name names the function and serves its recursion. */
function around(
  node: FunctionNode,
  self: string | undefined,
  late: readonly { name: string }[],
  names: readonly string[],
): [string, string] {
  const strict = node.strict ? '"use strict";' : '';
  const declared = late.length === 0 ? '' : `let ${late.map(({ name }) => name).join()};`;
  const setters = late.map(({ name }) => `,v=>{${name}=v}`).join('');
  const [open, close] = wrap(node);
  const named = self ?? (node.anonymous && isFreeName(node, names) ? node.name : undefined);
  if (named === undefined) {
    return setters === '' ? [`${strict}return ${open}`, `\n${close}`] : [`${strict}${declared}return [${open}`, `\n${close}${setters}]`];
  }
  const result = setters === '' ? named : `[${named}${setters}]`;
  return [`${strict}${declared}const ${named}=${open}`, `\n${close};return ${result}`];
}

/** A method or accessor is taken out of an object literal again. */
function wrap({ form }: FunctionNode): [string, string] {
  if (form === 'expression') return ['(', ')'];
  const part = form === 'method' ? 'value' : form === 'getter' ? 'get' : 'set';
  return ['(o=>Object.getOwnPropertyDescriptor(o,Reflect.ownKeys(o)[0]))({', `}).${part}`];
}

const RESERVED = new Set(
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof undefined var void while with yield'.split(
    ' ',
  ),
);

/** Whether the function's name can be a const around it without taking a name that its source means otherwise. */
function isFreeName({ name, source }: FunctionNode, names: readonly string[]): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(name) && !RESERVED.has(name) && !names.includes(name) && !source.includes(name);
}

function replaceImports({ source, imports }: FunctionNode): string {
  if (imports.length === 0) return source;
  let result = '';
  let from = 0;
  for (const at of [...imports].sort((a, b) => a - b)) {
    result += source.slice(from, at) + IMPORT;
    from = at + IMPORT.length;
  }
  return result + source.slice(from);
}

function nameFunction(fn: AnyFunction, name: string): void {
  // A class may define `name` itself.
  const own = Object.getOwnPropertyDescriptor(fn, 'name');
  if (own === undefined || (typeof own.value === 'string' && own.configurable))
    Object.defineProperty(fn, 'name', { value: name, configurable: true });
}
