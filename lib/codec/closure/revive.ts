// In a worker: from a ShippedClosure back to a function. Modules are imported first, then the nodes are made in the
// order that the driver found. A function is compiled inside a function whose parameters are its captured variables:
// V8 treats those as constants, so revived code is optimised like the original. File name, line and column of each
// source are those of the script on the driver, under the name heddle-closure:<id>/<node>.
import { HeddleError, show } from '../../core/errors.js';
import { type BundledModules, importModules } from './bundled.js';
import { compileFunctionNode } from './compile.js';
import { importFrom, readyForTypeScript, requireFrom } from './modules.js';
import type { Reference, Resolve } from './reference.js';
import { coverageStub, nameStub } from './stubs.js';
import type { FunctionNode, ImportNode, NodeIndex, ObjectNode, Property, ShippedClosure, ShippedNode } from './types.js';

type AnyFunction = (...args: never[]) => unknown;

/** The function that was captured. Rejects when one of its modules cannot be loaded here. `resolve` knows the referenced objects. */
export async function reviveClosure(shipped: ShippedClosure, resolve?: Resolve): Promise<AnyFunction> {
  return (await reviveValue(shipped, resolve)) as AnyFunction;
}

/** The value that was captured by captureValue. */
export async function reviveValue(shipped: ShippedClosure, resolve: Resolve = unknown): Promise<unknown> {
  const modules = await loadModules(shipped.nodes, resolve);
  return new Revival(shipped, modules, resolve).run();
}

function unknown({ type, id }: Reference): never {
  throw new HeddleError('HEDDLE_INTERNAL', `nothing is known here of ${type} ${id}`);
}

interface Wanted {
  readonly parent: string;
  readonly specifier: string;
  readonly from?: BundledModules | undefined;
}

/** Namespaces, and bundles as a whole, by key. */
type Modules = ReadonlyMap<string, object>;

async function loadModules(nodes: readonly ShippedNode[], resolve: Resolve): Promise<Modules> {
  const wanted = new Map<string, Wanted>();
  for (const node of nodes) {
    if (node.kind === 'import') wanted.set(moduleKey(node), { ...node, from: bundleOf(node, resolve) });
    else if (node.kind === 'builtin') wanted.set(node.module, { parent: import.meta.url, specifier: node.module });
    else if (node.kind === 'require' && node.modules === undefined && /\.[cm]?tsx?$/.test(node.parent)) await readyForTypeScript();
  }
  const loaded = await Promise.all(Array.from(wanted, async ([key, module]) => [key, await load(module)] as const));
  const modules = new Map<string, object>(loaded);
  for (const node of nodes) if (node.kind === 'modules') modules.set(node.hash, await importModules(node));
  return modules;
}

/** The bundle that a node's modules are in; undefined where they are files. */
function bundleOf({ modules }: { readonly modules?: Reference | undefined }, resolve: Resolve): BundledModules | undefined {
  return modules === undefined ? undefined : (resolve(modules) as BundledModules | undefined);
}

/** As the script would import it. */
function importOf({ parent, specifier, from }: Wanted): Promise<object> {
  return from === undefined ? importFrom(parent, specifier) : from.load(specifier);
}

async function load(module: Wanted): Promise<object> {
  const { parent, specifier } = module;
  try {
    return await importOf(module);
  } catch (cause) {
    throw new HeddleError(
      'HEDDLE_CLOSURE',
      `the module ${specifier} that a closure of ${parent} imports cannot be loaded in a worker: ${show(cause)}`,
      {
        data: { kind: 'import', specifier, parent },
        cause,
      },
    );
  }
}

function moduleKey({ parent, specifier }: ImportNode): string {
  return `${parent}\n${specifier}`;
}

class Revival {
  private readonly made: unknown[];
  private readonly later: (() => void)[] = [];
  constructor(
    private readonly shipped: ShippedClosure,
    private readonly modules: Modules,
    private readonly resolve: Resolve,
  ) {
    this.made = new Array(shipped.nodes.length);
  }

  run(): unknown {
    const { nodes, order, entry } = this.shipped;
    const done = new Uint8Array(nodes.length);
    for (const index of order) {
      this.made[index] = this.make(nodes[index]!, index, done);
      done[index] = 1;
      const node = nodes[index]!;
      if (node.kind === 'object') this.whenDone(objectParts(node), done, () => this.fillObject(node, this.made[index] as object));
      if (node.kind === 'function')
        this.whenDone(functionParts(node), done, () => this.fillFunction(node, this.made[index] as AnyFunction));
    }
    for (const action of this.later) action();
    return this.made[entry];
  }

  /** At once if all parts are there: a class may use them while it is being defined. */
  private whenDone(parts: readonly NodeIndex[], done: Uint8Array, action: () => void): void {
    if (parts.every(part => done[part] === 1)) action();
    else this.later.push(action);
  }

  private make(node: ShippedNode, index: NodeIndex, done: Uint8Array): unknown {
    switch (node.kind) {
      case 'value':
        return node.value;
      case 'function':
        return this.makeFunction(node, index, done);
      case 'object':
        return this.makeObject(node);
      case 'bound':
        return Reflect.apply(Function.prototype.bind, this.made[node.target] as AnyFunction, [
          this.made[node.self],
          ...node.args.map(arg => this.made[arg]),
        ]);
      case 'call':
        return follow((this.made[node.target] as () => unknown)(), node.path);
      case 'global':
        return follow(globalThis, node.path);
      case 'builtin': {
        const module = this.modules.get(node.module) as { default?: unknown };
        return follow(module.default ?? module, node.path);
      }
      case 'import':
        return this.importedValue(node);
      case 'require': {
        const require = bundleOf(node, this.resolve)?.require ?? requireFrom(node.parent);
        return node.id === undefined ? require : require(node.id);
      }
      case 'modules':
        return this.modules.get(node.hash);
      case 'symbol':
        return Symbol.for(node.key);
      case 'buffer':
        return Buffer.from(node.bytes);
      case 'url':
        return new URL(node.href);
      case 'reference':
        return this.resolve(node.reference);
      case 'stub':
        return node.stub === 'name' ? nameStub : coverageStub;
    }
  }

  private importedValue(node: ImportNode): unknown {
    const module = this.modules.get(moduleKey(node)) as Record<string, unknown>;
    if (node.name === undefined) return module;
    if (!(node.name in module)) {
      // A module that is CommonJS in a worker: the names of its exports may only be known to the exports themselves.
      const exported: unknown = module.default;
      if (typeof exported === 'object' && exported !== null && node.name in exported)
        return (exported as Record<string, unknown>)[node.name];
      throw new HeddleError('HEDDLE_CLOSURE', `the module ${node.specifier} has no export ${node.name} in a worker`, {
        data: { kind: 'import', specifier: node.specifier, parent: node.parent, name: node.name },
      });
    }
    return module[node.name];
  }

  private makeFunction(node: FunctionNode, index: NodeIndex, done: Uint8Array): AnyFunction {
    const { fn, late } = compileFunctionNode(node, index, this.shipped.id, this.made, done, specifier =>
      importOf({ parent: node.parent, specifier, from: bundleOf(node, this.resolve) }),
    );
    for (const { node: target, set } of late) this.later.push(() => set(this.made[target]));
    if (node.inherits !== undefined) {
      const above = (this.made[node.inherits] as { prototype: object }).prototype;
      Object.setPrototypeOf((fn as unknown as { prototype: object }).prototype, above);
    }
    return fn;
  }

  private makeObject(node: ObjectNode): object {
    const [time] = node.items;
    const made =
      node.base === 'Array'
        ? new Array(node.length)
        : node.base === 'Map'
          ? new Map()
          : node.base === 'Set'
            ? new Set()
            : node.base === 'Date'
              ? new Date(this.made[time!] as number)
              : node.base === 'Error'
                ? new Error()
                : {};
    if (node.proto === 'null') Object.setPrototypeOf(made, null);
    else if (node.proto !== 'base') {
      const target = this.made[node.proto.node] as { prototype: object };
      Object.setPrototypeOf(made, node.proto.of === 'class' ? target.prototype : target);
    }
    return made;
  }

  private fillObject(node: ObjectNode, object: object): void {
    const { items } = node;
    if (node.base === 'Array') {
      for (let i = 0; i < items.length; i++) if (items[i]! >= 0) (object as unknown[])[i] = this.made[items[i]!];
    } else if (node.base === 'Map') {
      for (let i = 0; i < items.length; i += 2) Map.prototype.set.call(object, this.made[items[i]!], this.made[items[i + 1]!]);
    } else if (node.base === 'Set') {
      for (const item of items) Set.prototype.add.call(object, this.made[item]);
    }
    this.define(object, node.properties);
  }

  private fillFunction(node: FunctionNode, fn: AnyFunction): void {
    this.define(fn, node.properties);
    if (node.prototype.length > 0) this.define((fn as unknown as { prototype: object }).prototype, node.prototype);
  }

  private define(owner: object, properties: readonly Property[]): void {
    for (const { key, value, get, set, enumerable } of properties) {
      const name = typeof key === 'number' ? (this.made[key] as symbol) : key;
      const descriptor: PropertyDescriptor =
        value !== undefined
          ? { value: this.made[value], writable: true, enumerable, configurable: true }
          : {
              get: get === undefined ? undefined : (this.made[get] as () => unknown),
              set: set === undefined ? undefined : (this.made[set] as (value: unknown) => void),
              enumerable,
              configurable: true,
            };
      Object.defineProperty(owner, name, descriptor);
    }
  }
}

function follow(from: unknown, path: readonly string[]): unknown {
  let value = from;
  for (const key of path) value = (value as Record<string, unknown>)[key];
  return value;
}

function objectParts(node: ObjectNode): NodeIndex[] {
  return [...node.items.filter(item => item >= 0), ...propertyParts(node.properties)];
}

function functionParts(node: FunctionNode): NodeIndex[] {
  return [...propertyParts(node.properties), ...propertyParts(node.prototype)];
}

function propertyParts(properties: readonly Property[]): NodeIndex[] {
  return properties.flatMap(({ key, value, get, set }) => [key, value, get, set].filter(part => typeof part === 'number'));
}
