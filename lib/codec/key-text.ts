// A key as a string that two keys share exactly when they are the same key: what sets and maps, which have no order of
// their own, are compared by, and what can stand for a key where only text will do.
// Each part begins with a letter for its type and tells where it ends, so that no two keys run into one text.
import { canonicalNumber, formOf, KeyForm, keyBytes, MOST_KEY_DEPTH, refuseDepth, refuseKey, sortedKeys, viewType } from './key.js';

/** The text of any key. Throws HEDDLE_VALUE for what cannot be one. */
export function keyText(key: unknown): string {
  return textOf(key, 0);
}

function textOf(key: unknown, depth: number): string {
  switch (typeof key) {
    case 'string':
      return `s${key.length}:${key}`;
    case 'number':
      return (key | 0) === key ? `i${key | 0};` : `f${floatUnits(key)}`;
    case 'boolean':
      return key ? 't' : 'e';
    case 'undefined':
      return 'u';
    case 'bigint':
      return `n${key.toString(36)};`;
    case 'object':
      return key === null ? 'l' : structured(key, depth);
    default:
      throw refuseKey(key);
  }
}

function structured(key: object, depth: number): string {
  if (depth >= MOST_KEY_DEPTH) throw refuseDepth();
  switch (formOf(key)) {
    case KeyForm.Array: {
      const items = key as unknown[];
      let text = `a${items.length}:`;
      for (let i = 0; i < items.length; i++) text += textOf(items[i], depth + 1);
      return text;
    }
    case KeyForm.Object: {
      const keys = sortedKeys(key);
      let text = `o${keys.length}:`;
      for (const name of keys) text += `${name.length}:${name}${textOf((key as Record<string, unknown>)[name], depth + 1)}`;
      return text;
    }
    case KeyForm.Date:
      return `d${Date.prototype.getTime.call(key)};`;
    case KeyForm.View:
      return `v${viewType(key as ArrayBufferView)}:${memory(key as ArrayBufferView)}`;
    case KeyForm.Buffer:
      return `b${memory(key as ArrayBuffer)}`;
    case KeyForm.RegExp: {
      const { source, flags } = key as RegExp;
      return `r${source.length}:${source}${flags};`;
    }
    case KeyForm.Set: {
      const texts: string[] = [];
      for (const item of key as Set<unknown>) texts.push(textOf(item, depth + 1));
      return `S${texts.length}:${texts.sort().join('')}`;
    }
    case KeyForm.Map: {
      const texts: string[] = [];
      for (const [name, item] of key as Map<unknown, unknown>) texts.push(textOf(name, depth + 1) + textOf(item, depth + 1));
      return `M${texts.length}:${texts.sort().join('')}`;
    }
  }
}

function memory(key: ArrayBufferView | ArrayBuffer): string {
  const bytes = keyBytes(key);
  return `${bytes.length}:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')}`;
}

const float = new Float64Array(1);
const units = new Uint16Array(float.buffer);

/** The bits of a double as four code units: shorter and quicker than its digits. */
function floatUnits(value: number): string {
  float[0] = canonicalNumber(value);
  return String.fromCharCode(units[0]!, units[1]!, units[2]!, units[3]!);
}
