// Finds the value that keeps a record from being copied, so that the message can name it. Runs only after a failure.
import { types } from 'node:util';

export interface Refused {
  /** The way to the value, like `[1].handler`; empty for the record itself. */
  readonly path: string;
  /** What it is, with its article. */
  readonly kind: string;
  /** What to do about it. */
  readonly hint: string;
}

const MOST_VISITED = 100_000;

/** The first value in `record` that structured clone refuses, or null when none of the known ones is there. */
export function findRefused(record: unknown): Refused | null {
  const seen = new Set<object>();
  const pending: { value: unknown; path: string }[] = [{ value: record, path: '' }];
  // Breadth first: the shortest path reads best. The list only grows, so the index is the head of the queue.
  for (let at = 0; at < pending.length && at < MOST_VISITED; at++) {
    const { value, path } = pending[at]!;
    const refused = refusedKind(value);
    if (refused !== null) return { path, ...refused };
    if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) continue;
    seen.add(value);
    if (value instanceof Map)
      for (const [key, item] of value) pending.push({ value: key, path: `${path}.keys()` }, { value: item, path: `${path}.get(…)` });
    if (value instanceof Set) for (const item of value) pending.push({ value: item, path: `${path}.values()` });
    let keys: string[] = [];
    try {
      keys = Object.keys(value);
    } catch {
      continue;
    }
    for (const key of keys) {
      try {
        pending.push({ value: (value as Record<string, unknown>)[key], path: `${path}${step(key)}` });
      } catch (error) {
        const reason = error instanceof Error ? error.message : 'no reason given';
        return {
          path: `${path}${step(key)}`,
          kind: `a getter that throws (${reason})`,
          hint: 'read it where it can be read, and keep the result',
        };
      }
    }
  }
  return null;
}

function step(key: string): string {
  if (/^\d+$/.test(key)) return `[${key}]`;
  return /^[\w$]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function refusedKind(value: unknown): { kind: string; hint: string } | null {
  if (typeof value === 'function') {
    return {
      kind: `a function (${value.name || 'anonymous'})`,
      hint: 'records carry data: call it first, or keep it in the closure of an operator',
    };
  }
  if (typeof value === 'symbol') return { kind: `a symbol (${String(value)})`, hint: 'use a string in its place' };
  if (typeof value !== 'object' || value === null) return null;
  if (types.isPromise(value)) return { kind: 'a promise', hint: 'operators are synchronous: await it before the data becomes an RDD' };
  if (types.isProxy(value)) return { kind: 'a Proxy', hint: 'copy it first, as in { ...value }' };
  if (types.isSharedArrayBuffer(value))
    return { kind: 'a SharedArrayBuffer', hint: 'make a record of a copy, or of a typed array over it' };
  if (types.isWeakMap(value) || types.isWeakSet(value) || value instanceof WeakRef) {
    return {
      kind: `a ${value instanceof WeakRef ? 'WeakRef' : types.isWeakMap(value) ? 'WeakMap' : 'WeakSet'}`,
      hint: 'use a Map, a Set or the value itself',
    };
  }
  if (types.isGeneratorObject(value)) return { kind: 'a generator', hint: 'collect its values in an array, as in [...values]' };
  if (types.isExternal(value)) return { kind: 'a handle of native code', hint: 'open it inside the operator that uses it' };
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  const className = (Object.getPrototypeOf(value) as object | null)?.constructor?.name ?? '';
  const name = [className, tag].find(candidate => HANDLES.test(candidate));
  if (name !== undefined) return { kind: `a ${name}`, hint: 'open it inside the operator that uses it, for instance in mapPartitions' };
  return null;
}

const HANDLES = /^(MessagePort|Blob|File|ReadableStream|WritableStream|TransformStream|WebAssembly\..*|.* Iterator|CryptoKey)$/;
