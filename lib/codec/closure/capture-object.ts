// One object of a capture that structured clone would not carry: its properties and elements become references to
// nodes, its class a captured class. Called only for objects that the scan has marked.
import type { Graph, Link } from './graph.js';
import { landmarkOf } from './identity.js';
import { classNameOf, kindOf } from './objects.js';
import type { AnyFunction } from './record.js';
import { REFERENCE, type Referable } from './reference.js';
import type { NodeIndex, ObjectNode, Property, ShippedNode } from './types.js';

export function captureObject(graph: Graph, value: object, link: Link): ShippedNode {
  const kind = kindOf(value);
  if (typeof kind === 'object') return graph.refuse(kind.refused, kind.what, link);
  switch (kind) {
    case 'buffer':
      return { kind: 'buffer', bytes: new Uint8Array(value as Buffer) };
    case 'url':
      return { kind: 'url', href: (value as URL).href };
    case 'clone':
      return { kind: 'value', value };
    case 'plain':
      return object('Object', {
        proto: Object.getPrototypeOf(value) === null ? 'null' : 'base',
        properties: captureProperties(graph, value, link),
      });
    case 'array':
      return object('Array', arrayParts(graph, value as unknown[], link));
    case 'map':
      return object('Map', { items: mapItems(graph, value as Map<unknown, unknown>, link) });
    case 'set':
      return object('Set', { items: setItems(graph, value as Set<unknown>, link) });
    case 'error':
      return captureInstance(graph, value, 'Error', link);
    case 'reference': {
      const referable = value as Referable;
      graph.refer(referable);
      return { kind: 'reference', reference: { ...referable[REFERENCE] } };
    }
    case 'instance':
      return captureInstance(graph, value, 'Object', link);
  }
}

function object(base: ObjectNode['base'], parts: Partial<ObjectNode>): ObjectNode {
  return { kind: 'object', base, proto: 'base', items: [], properties: [], length: 0, ...parts };
}

/** Own properties as references; `wanted` chooses among them. */
export function captureProperties(graph: Graph, owner: object, link: Link, wanted?: (key: string | symbol) => boolean): Property[] {
  const properties: Property[] = [];
  for (const key of Reflect.ownKeys(owner)) {
    if (wanted && !wanted(key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(owner, key)!;
    const below: Link = { parent: link, label: typeof key === 'symbol' ? `[${String(key)}]` : `.${key}` };
    const name = typeof key === 'symbol' ? graph.intern(key, below) : key;
    const { enumerable = false } = descriptor;
    if (descriptor.get || descriptor.set) {
      const get = descriptor.get && graph.intern(descriptor.get, below);
      const set = descriptor.set && graph.intern(descriptor.set, below);
      properties.push({ key: name, get, set, enumerable });
    } else properties.push({ key: name, value: graph.intern(descriptor.value, below), enumerable });
  }
  return properties;
}

function arrayParts(graph: Graph, array: readonly unknown[], link: Link): Partial<ObjectNode> {
  const items: NodeIndex[] = [];
  for (let i = 0; i < array.length; i++) items.push(i in array ? graph.intern(array[i], { parent: link, label: `[${i}]` }) : -1);
  const isIndex = (key: string | symbol) => typeof key === 'string' && (key === 'length' || /^\d+$/.test(key));
  return { items, length: array.length, properties: captureProperties(graph, array, link, key => !isIndex(key)) };
}

function mapItems(graph: Graph, map: Map<unknown, unknown>, link: Link): NodeIndex[] {
  const items: NodeIndex[] = [];
  for (const [key, item] of Map.prototype.entries.call(map)) {
    items.push(graph.intern(key, { parent: link, label: ' key' }), graph.intern(item, { parent: link, label: ' value' }));
  }
  return items;
}

function setItems(graph: Graph, set: Set<unknown>, link: Link): NodeIndex[] {
  return Array.from(Set.prototype.values.call(set), item => graph.intern(item, { parent: link, label: ' member' }));
}

/** An instance of a user's class, which may extend one of the built-in classes whose state can be copied. */
function captureInstance(graph: Graph, value: object, root: 'Object' | 'Error', link: Link): ShippedNode {
  const prototype = Object.getPrototypeOf(value) as object;
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  const base = rootOf(graph, value, link);
  const parts: { -readonly [K in keyof ObjectNode]?: ObjectNode[K] } =
    base === 'Array'
      ? arrayParts(graph, value as unknown[], link)
      : { properties: captureProperties(graph, value, link, key => !(base === 'Error' && key === 'stack')) };
  if (base === 'Map') parts.items = mapItems(graph, value as Map<unknown, unknown>, link);
  if (base === 'Set') parts.items = setItems(graph, value as Set<unknown>, link);
  if (base === 'Date') parts.items = [graph.intern(Date.prototype.getTime.call(value), link)];
  if (base === 'Error') {
    const stack = { parent: link, label: '.stack' };
    parts.properties = [...parts.properties!, { key: 'stack', value: graph.intern((value as Error).stack, stack), enumerable: false }];
  }
  if (landmarkOf(prototype) !== undefined) {
    parts.proto = { node: graph.intern(prototype, link), of: 'object' };
  } else if (typeof made === 'function' && made.prototype === prototype) {
    parts.proto = { node: graph.intern(made, { parent: link, label: '.constructor' }), of: 'class' };
  } else {
    parts.proto = { node: graph.intern(prototype, { parent: link, label: '.__proto__' }), of: 'object' };
  }
  return object(base ?? root, parts);
}

const ROOTS: readonly [ObjectNode['base'], object][] = [
  ['Array', Array.prototype],
  ['Map', Map.prototype],
  ['Set', Set.prototype],
  ['Error', Error.prototype],
  ['Date', Date.prototype],
];

/** The built-in class at the root of a value's class; private fields and native state below it are refused. */
function rootOf(graph: Graph, value: object, link: Link): ObjectNode['base'] {
  for (let at: object | null = Object.getPrototypeOf(value); at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const root = ROOTS.find(([, prototype]) => prototype === at);
    if (root !== undefined) return root[0];
    const made: unknown = Object.getOwnPropertyDescriptor(at, 'constructor')?.value;
    if (typeof made !== 'function') continue;
    const record = graph.recordOf(made as AnyFunction);
    const known = landmarkOf(at);
    if (known !== undefined && Object.getPrototypeOf(at) === Error.prototype) continue;
    if (known !== undefined || landmarkOf(made) !== undefined || record.isNative)
      return graph.refuse('native object', `${article(classNameOf(value))}, an object with native state`, link);
    if (record.analysis?.privateMembers)
      return graph.refuse('private fields', `${article(classNameOf(value))}, whose class has private fields`, link);
  }
  return 'Object';
}

function article(name: string): string {
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`;
}
