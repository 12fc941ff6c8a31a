// From a function to a ShippedClosure, on the driver, at the moment the function is passed in. A work list makes one
// node a thing, each thing once, so sharing and cycles survive and deep data cannot overflow the stack. No user code
// runs. What cannot be shipped is refused with the name of the variable that leads to it.
import { badArgument, show } from '../../core/errors.js';
import { idSequence } from '../../core/ids.js';
import type { ModuleUse } from './bundled.js';
import { captureFunction } from './capture-function.js';
import { captureObject } from './capture-object.js';
import { ClosureError, type Refusal } from './errors.js';
import type { Graph, Link } from './graph.js';
import { landmarkOf, wellKnownSymbol } from './identity.js';
import type { ModuleBundles } from './module-bundles.js';
import { orderNodes } from './order.js';
import { authorsPosition } from './place.js';
import { type AnyFunction, FunctionRecord } from './record.js';
import { keepReferences, REFERENCE, type Referable, type Reference } from './reference.js';
import { registerClosure } from './registry.js';
import { MOST_OBJECTS, scan } from './scan.js';
import type { NodeIndex, ShippedClosure, ShippedNode } from './types.js';

const nextId = idSequence<number>(1);

/** More functions than this in one closure are somebody's whole library, dragged in by accident. */
const MOST_FUNCTIONS = 2000;

/**
 * Captures a closure that the user passed in as `argument`. Throws a ClosureError when it cannot be shipped, and a bad
 * argument error when it is not a function. The captured values are those of this moment. With `bundles`, modules go with it;
 * else they are imported from their files.
 */
export function captureClosure(fn: AnyFunction, argument: string, bundles?: ModuleBundles): ShippedClosure {
  if (typeof fn !== 'function') throw badArgument(argument, fn, 'a function');
  return capture(fn, argument, bundles);
}

/** Captures any value: an object or array of closures shares between them what they share on the driver. */
export function captureValue(value: unknown, argument: string, bundles?: ModuleBundles): ShippedClosure {
  return capture(value, argument, bundles);
}

function capture(root: unknown, argument: string, bundles: ModuleBundles | undefined): ShippedClosure {
  const work = new Capture(argument, bundles);
  const entry = work.intern(root, { parent: undefined, label: '' });
  work.run();
  const { nodes } = work;
  snapshot(work);
  const order = orderNodes(nodes, work.eager);
  const closure: ShippedClosure = { id: nextId(), entry, nodes, order, bytes: work.bytes };
  keepReferences(closure, [...work.references]);
  registerClosure(closure, typeof root === 'function' ? (root as AnyFunction) : undefined);
  return closure;
}

class Capture implements Graph {
  readonly nodes: ShippedNode[] = [];
  readonly eager = new Map<NodeIndex, NodeIndex[]>();
  /** Links of value nodes that hold objects, for the message if the clone fails. */
  readonly objects: [NodeIndex, Link][] = [];
  readonly references = new Set<Referable>();
  bytes = 0;
  private readonly pending: (() => void)[] = [];
  private readonly known = new Map<unknown, NodeIndex>();
  private readonly records = new Map<AnyFunction, FunctionRecord>();
  private readonly scans = new Map<object, readonly object[]>();
  private readonly rebuilt = new Set<object>();
  private functions = 0;

  constructor(
    private readonly argument: string,
    private readonly bundles: ModuleBundles | undefined,
  ) {}

  run(): void {
    for (let i = 0; i < this.pending.length; i++) this.pending[i]!();
  }

  intern(value: unknown, link: Link): NodeIndex {
    // A Map takes -0 for 0.
    const key = Object.is(value, -0) ? MINUS_ZERO : value;
    let index = this.known.get(key);
    if (index === undefined) {
      index = this.nodes.length;
      this.known.set(key, index);
      this.nodes.push(PLACE);
      this.fill(index, value, link);
    }
    return index;
  }

  add(node: ShippedNode): NodeIndex {
    this.nodes.push(node);
    return this.nodes.length - 1;
  }

  addFunction(record: FunctionRecord, link: Link): NodeIndex {
    const index = this.add(PLACE);
    this.later(index, () => captureFunction(this, record, index, link));
    return index;
  }

  recordOf(fn: AnyFunction): FunctionRecord {
    let record = this.records.get(fn);
    if (record === undefined) this.records.set(fn, (record = new FunctionRecord(fn)));
    return record;
  }

  isRebuilt(value: object, link: Link): boolean {
    this.functionsIn(value, link);
    return this.rebuilt.has(value);
  }

  functionsIn(value: object, link: Link): readonly object[] {
    const known = this.scans.get(value);
    if (known !== undefined) return known;
    const result = scan(value);
    if (result === undefined) return this.refuse('too large', `more than ${MOST_OBJECTS} objects`, link);
    for (const object of result.rebuilt) this.rebuilt.add(object);
    this.scans.set(value, result.functions);
    // Parts of a value were counted with it.
    if (link.record !== undefined || link.parent === undefined) this.bytes += result.bytes;
    return result.functions;
  }

  refer(value: Referable): void {
    this.references.add(value);
  }

  modulesFor(script: string, parent: string, uses: readonly ModuleUse[], link: Link): Reference | undefined {
    const bundled = this.bundles?.bundleFor(script, parent, uses);
    if (bundled === undefined) return undefined;
    if (!('modules' in bundled)) {
      const { specifier } = bundled.refused;
      return this.refuse('module', `the module ${show(specifier)} cannot be bundled for executors: ${bundled.why}`, link);
    }
    this.refer(bundled.modules);
    return bundled.modules[REFERENCE];
  }

  needsEagerly(node: NodeIndex, target: NodeIndex): void {
    const known = this.eager.get(node);
    if (known === undefined) this.eager.set(node, [target]);
    else known.push(target);
  }

  refuse(kind: Refusal, what: string, link: Link): never {
    // The innermost captured variable is the one to name; those before it tell how it was reached.
    let path = '';
    let at: Link | undefined = link;
    for (; at !== undefined && at.record === undefined; at = at.parent) path = at.label + path;
    const through: string[] = [];
    for (let up = at?.parent; up !== undefined; up = up.parent) if (up.record && up.label !== '') through.unshift(up.label);
    const whole = (at?.label ?? '') + path;
    const used = through.length === 0 ? '' : `, used by ${through.join(', which is used by ').trim()}`;
    const text = whole === '' || SENTENCES.has(kind) ? what : `${whole} is ${what}`;
    const place = at?.record?.analysis && !at.record.isNative ? this.place(at.record, at.offset ?? 0) : undefined;
    throw new ClosureError(this.argument, whole, kind, text + used, place);
  }

  private place(record: FunctionRecord, offset: number) {
    try {
      return authorsPosition(record.inspected.location, record.source, record.analysis!, offset);
    } catch {
      return undefined; // without the inspector the message stands without a place
    }
  }

  private fill(index: NodeIndex, value: unknown, link: Link): void {
    if (typeof value === 'function') {
      const landmark = landmarkOf(value);
      if (landmark !== undefined) this.nodes[index] = landmark;
      else this.later(index, () => this.captureFunction(value as AnyFunction, index, link));
    } else if (typeof value === 'object' && value !== null) {
      const landmark = landmarkOf(value);
      if (landmark !== undefined) this.nodes[index] = landmark;
      else if (this.rebuilt.has(value) || this.isRebuilt(value, link)) this.later(index, () => captureObject(this, value, link));
      else {
        this.nodes[index] = { kind: 'value', value };
        this.objects.push([index, link]);
      }
    } else if (typeof value === 'symbol') this.nodes[index] = this.symbol(value, link);
    else {
      this.bytes += typeof value === 'string' ? value.length : 8;
      this.nodes[index] = { kind: 'value', value };
    }
  }

  private captureFunction(fn: AnyFunction, index: NodeIndex, link: Link): ShippedNode {
    if (++this.functions > MOST_FUNCTIONS) return this.refuse('too large', `more than ${MOST_FUNCTIONS} functions`, link);
    const record = this.recordOf(fn);
    this.bytes += record.source.length;
    return captureFunction(this, record, index, link);
  }

  private symbol(symbol: symbol, link: Link): ShippedNode {
    const wellKnown = wellKnownSymbol(symbol);
    if (wellKnown !== undefined) return { kind: 'global', path: ['Symbol', wellKnown] };
    const key = Symbol.keyFor(symbol);
    return key === undefined ? this.refuse('symbol', `a symbol, ${String(symbol)}`, link) : { kind: 'symbol', key };
  }

  private later(index: NodeIndex, make: () => ShippedNode): void {
    this.pending.push(() => {
      this.nodes[index] = make();
    });
  }
}

/** Refusals of what the code does, worded as a sentence; the others are of what a variable holds. */
const SENTENCES = new Set<Refusal>([
  'assigned',
  'this',
  'super',
  'new.target',
  'arguments',
  'import.meta',
  'eval',
  'private member',
  'source',
  'uninitialised',
  'unreachable',
  'module',
]);

const MINUS_ZERO = {};
const PLACE: ShippedNode = { kind: 'value', value: undefined };

/** Clones all plain objects in one go, so that later changes on the driver do not show and sharing among them stays. */
function snapshot(work: Capture): void {
  if (work.objects.length === 0) return;
  const values = work.objects.map(([index]) => (work.nodes[index] as { value: unknown }).value);
  try {
    structuredClone(values).forEach((value, i) => {
      work.nodes[work.objects[i]![0]] = { kind: 'value', value };
    });
  } catch (error) {
    const culprit = work.objects.find((_, i) => !canClone(values[i])) ?? work.objects[0]!;
    const value = values[work.objects.indexOf(culprit)];
    work.refuse('uncloneable', `${show(value)} (${error instanceof Error ? error.message : String(error)})`, culprit[1]);
  }
}

function canClone(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
