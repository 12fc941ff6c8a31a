// The one error of this folder. Its data says which argument, which variable, what kind of trouble and where, and its
// message ends with what to do instead.
import { type ErrorData, HeddleError } from '../../core/errors.js';

/** Why a closure cannot be shipped. */
export type Refusal = keyof typeof HINTS;

const HINTS = {
  assigned: 'only the copy in a worker would change: return the value instead, and reduce or count',
  this: 'take what you need from it into a const first, and use that const',
  super: 'call a plain function instead',
  'new.target': 'leave it out: a closure is never called with new',
  arguments: 'use rest parameters (...values) of the closure itself',
  'import.meta': 'take what you need from it into a const first, and use that const',
  eval: 'direct eval sees variables that cannot be known beforehand: call an ordinary function',
  'private member': 'copy the private value into a const first, and use that const',
  'private fields': 'private fields cannot be read from outside: ship the plain data it is made from and build it inside the closure',
  uninitialised: 'move the declaration above the call that passes the closure in',
  unreachable: 'declare it, or import it in the file that defines the closure',
  symbol: 'a symbol is unique to its thread: use Symbol.for(...) or a string',
  promise: 'await it first, and use the value',
  'weak collection': 'use a Map or a Set',
  'native object': 'handles, sockets, streams and the like belong to one thread: make it inside the closure, for instance in mapPartitions',
  'native function': 'wrap it in a function of your own that calls it',
  proxy: 'ship the plain object behind it',
  generator: 'a running generator belongs to one thread: make it inside the closure',
  'driver only': 'a Context or an RDD cannot be used inside a closure: collect first, or join',
  'module namespace': 'import the module at the top of the file that defines the closure',
  uncloneable: 'ship the plain data it is made from',
  'too large': 'read it inside the closure from a file, or make it an RDD and join',
  source: 'write it as an ordinary function or arrow function',
  module:
    'executors run JavaScript, TypeScript and JSON, from files that the driver finds: run native code on the driver, and ship what it gives',
  inspector: 'run Node.js built with the inspector',
} as const;

export interface RefusalPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A closure that cannot be shipped: `data` holds argument, variable, kind, file, line, column and hint. */
export class ClosureError extends HeddleError {
  constructor(argument: string, variable: string, kind: Refusal, what: string, place: RefusalPlace | undefined) {
    const hint = HINTS[kind];
    const where = place === undefined ? '' : ` (${place.file}:${place.line}:${place.column})`;
    const data: ErrorData = { argument, variable, kind, file: place?.file, line: place?.line, column: place?.column, hint };
    super('HEDDLE_CLOSURE', `${argument}: this closure cannot be shipped to a worker: ${what}${where}; ${hint}`, { data });
    this.name = 'ClosureError';
  }
}
