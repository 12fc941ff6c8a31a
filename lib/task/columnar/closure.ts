// Reads a closure's source as expressions over columns: what its parameters stand for goes in, what it returns comes out.
// Only what has no effect and cannot throw on the values it gets is taken; anything else is Unsupported, and its operator
// goes on as the function it is. Where a value may be undefined (a part that a line does not have), the task falls back
// when it happens: see code.ts.

import { parseFunction, type ShippedClosure } from '../../codec/closure/index.js';
import { globalMember, globalValue } from './compound.js';
import { constantOf } from './meaning.js';
import type { ExprTable } from './plan.js';
import { DEEPEST, Reader, type Scope } from './reader.js';
import { Unsupported, type Value } from './value.js';

/** What a closure makes of its arguments. Throws Unsupported. */
export function readClosure(closure: ShippedClosure, args: readonly Value[], table: ExprTable): Value {
  return readFunction(closure, closure.entry, args, table, 0);
}

function readFunction(closure: ShippedClosure, index: number, args: readonly Value[], table: ExprTable, depth: number): Value {
  const node = closure.nodes[index];
  if (node?.kind !== 'function' || node.form !== 'expression') throw new Unsupported('a function of another kind', 0);
  const parsed = parseFunction(node.source);
  const fn = parsed?.node;
  if (parsed === undefined || (fn?.type !== 'ArrowFunctionExpression' && fn?.type !== 'FunctionExpression')) {
    throw new Unsupported('a function of another kind', 0);
  }
  const captured: Scope = new Map();
  for (const { name, node: at } of node.captures) captured.set(name, capturedValue(closure, at, name, table, depth));
  return new Reader(table, parsed.shift, depth).call(fn, args, captured);
}

function capturedValue(closure: ShippedClosure, at: number, name: string, table: ExprTable, depth: number): Value {
  const node = closure.nodes[at];
  if (node?.kind === 'value') return constantOf(table, node.value) ?? { kind: 'captured', name, value: node.value };
  if (node?.kind === 'global') {
    const [object, member] = node.path as readonly [string, string?];
    const known = member === undefined ? globalValue(table, object) : globalMember(table, object, member);
    if (known !== undefined && node.path.length <= 2) return known;
  }
  if (node?.kind !== 'function' || depth >= DEEPEST) return { kind: 'captured', name };
  return {
    kind: 'function',
    parameters: parametersOf(node.source),
    call(args) {
      try {
        return readFunction(closure, at, args, table, depth + 1);
      } catch (error) {
        // Its own place is in another source than the one that an offset would be of.
        throw error instanceof Unsupported ? new Unsupported(`${name}(), which has ${error.what}`, -1) : error;
      }
    },
  };
}

function parametersOf(source: string): number {
  const fn = parseFunction(source)?.node;
  return fn !== undefined && 'params' in fn ? fn.params.length : 0;
}
