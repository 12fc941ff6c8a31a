// Which closures need not be revived again. A closure may keep state in what it captured, and each job begins with
// that as the driver had it. One that captured primitive values and globals alone has nowhere to keep any, but on itself.
import type { FunctionNode, ShippedClosure, ShippedNode } from './types.js';

/** Whether one revived function can stand for all closures of this content, as long as nobody gives it properties. */
export function isStateless({ nodes, entry }: ShippedClosure): boolean {
  return nodes.every((node, index) => (node.kind === 'function' ? index === entry && isPlain(node) : isFixed(node)));
}

/** Whether it is a function and nothing else: it cannot be told from the one that it was captured from. */
export function takesNothing({ nodes }: ShippedClosure): boolean {
  const [node] = nodes;
  return nodes.length === 1 && node!.kind === 'function' && node!.captures.length === 0 && isPlain(node!);
}

/** No class, which may have private static fields, and nothing on it that came from the driver. */
function isPlain({ source, properties, prototype, inherits, imports, modules }: FunctionNode): boolean {
  return (
    !/^class\b/.test(source) &&
    properties.length === 0 &&
    prototype.length === 0 &&
    inherits === undefined &&
    imports.length === 0 &&
    modules === undefined
  );
}

function isFixed(node: ShippedNode): boolean {
  switch (node.kind) {
    case 'value':
      return typeof node.value !== 'object' || node.value === null;
    // Whatever is changed there is changed for all jobs of the thread anyway.
    case 'global':
    case 'builtin':
    case 'symbol':
      return true;
    case 'stub':
      return node.stub === 'name';
    default:
      return false;
  }
}

/** What a function has on itself and on its prototype, to see later whether that is all. */
export function ownParts(fn: (...args: never[]) => unknown): unknown[] {
  const parts: unknown[] = [];
  addParts(fn, parts);
  const prototype: unknown = Object.getOwnPropertyDescriptor(fn, 'prototype')?.value;
  if (typeof prototype === 'object' && prototype !== null) addParts(prototype, parts);
  return parts;
}

function addParts(owner: object, parts: unknown[]): void {
  for (const key of Reflect.ownKeys(owner)) parts.push(key, Object.getOwnPropertyDescriptor(owner, key)?.value);
}
