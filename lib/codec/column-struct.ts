// Columns of plain objects that all have the same keys in the same order: the keys as a column of text, then a column
// a key. What takes the values out of objects and puts them back is made for each shape, so that V8 gives it type
// feedback of its own and the objects that come back share one hidden class.
import {
  type ColumnHeader,
  ColumnKind,
  type ColumnPlan,
  columnBytes,
  columnHeader,
  corrupt,
  HEADER_BYTES,
  type PlanInner,
  type ReadInner,
  writeHeader,
} from './column-header.js';
import { isPlainObject } from './column-shape.js';
import { planText, readText } from './column-text.js';
import { innerColumns, isBranching, writeInner } from './column-tuple.js';

const MOST_KEYS = 64;

/** A column of the objects values[from..to), or null if their keys differ or one of them is not plain. */
export function planStruct(values: ArrayLike<unknown>, from: number, to: number, depth: number, inner: PlanInner): ColumnPlan | null {
  const first = values[from];
  if (!isPlainObject(first)) return null;
  const keys = Object.keys(first);
  if (keys.length === 0 || keys.length > MOST_KEYS) return null;
  for (let i = from; i < to; i++) if (!hasKeys(values[i], keys)) return null;
  const rows = to - from;
  const items = shapeCode(keys).take(values, from, to);
  const columns: ColumnPlan[] = [];
  for (const list of items) {
    const column = inner(list, 0, rows, depth + 1);
    if (column === null) return null;
    columns.push(column);
  }
  return structOf(keys, columns, rows);
}

/** A column of objects with these keys, of columns that were planned already. */
export function structOf(keys: readonly string[], columns: readonly ColumnPlan[], rows: number): ColumnPlan {
  const names = planText(keys, 0, keys.length);
  const plan: ColumnPlan = {
    objects: true,
    branching: isBranching(columns),
    kind: ColumnKind.Struct,
    rows,
    byteLength: columnBytes(
      columns.reduce((sum, column) => sum + column.byteLength, names.byteLength),
      rows,
    ),
    write(target) {
      writeHeader(target, plan, keys.length);
      writeInner(target, HEADER_BYTES, [names, ...columns]);
    },
  };
  return plan;
}

export function readStruct(bytes: Uint8Array, header: ColumnHeader & { readonly width: number }, read: ReadInner): object[] {
  const { names, columns } = structParts(bytes, header);
  return shapeCode(names).make(columns.map(read), header.rows);
}

/** The keys of the objects, and the bytes of the column of each. */
export function structParts(
  bytes: Uint8Array,
  header: ColumnHeader & { readonly width: number },
): { readonly names: string[]; readonly columns: Uint8Array[] } {
  const nameBytes = bytes.subarray(HEADER_BYTES, header.byteLength);
  const names = columnHeader(nameBytes);
  if (names.rows !== header.width || (names.kind !== ColumnKind.Latin1 && names.kind !== ColumnKind.Utf16))
    throw corrupt('objects without keys');
  return {
    names: readText(nameBytes, names),
    columns: innerColumns(bytes, header, HEADER_BYTES + names.byteLength, header.width),
  };
}

function hasKeys(value: unknown, keys: readonly string[]): boolean {
  if (!isPlainObject(value)) return false;
  let at = 0;
  for (const key in value) {
    // An enumerable property of Object.prototype would show up here, and differ from every own key or add to them.
    if (key !== keys[at]) return false;
    at++;
  }
  return at === keys.length;
}

interface ShapeCode {
  take(values: ArrayLike<unknown>, from: number, to: number): unknown[][];
  make(columns: readonly ArrayLike<unknown>[], rows: number): object[];
}

const MOST_SHAPES = 256;
const shapes = new Map<string, ShapeCode>();

function shapeCode(keys: readonly string[]): ShapeCode {
  const id = JSON.stringify(keys);
  let code = shapes.get(id);
  if (code === undefined) {
    if (shapes.size >= MOST_SHAPES) shapes.clear();
    code = compile(keys);
    shapes.set(id, code);
  }
  return code;
}

function compile(keys: readonly string[]): ShapeCode {
  const each = (render: (name: string, index: number) => string, separator = ' ') =>
    keys.map((key, index) => render(JSON.stringify(key), index)).join(separator);
  const take = `${each((_, i) => `const c${i} = [];`)}
    for (let i = from; i < to; i++) { const v = values[i]; ${each((name, i) => `c${i}.push(v[${name}]);`)} }
    return [${each((_, i) => `c${i}`, ', ')}];`;
  // A computed key makes an own property of `__proto__` too.
  const make = `${each((_, i) => `const c${i} = columns[${i}];`)} const out = [];
    for (let i = 0; i < rows; i++) out.push({ ${each((name, i) => `${name === '"__proto__"' ? `[${name}]` : name}: c${i}[i]`, ', ')} });
    return out;`;
  return {
    take: new Function('values', 'from', 'to', take) as ShapeCode['take'],
    make: new Function('columns', 'rows', make) as ShapeCode['make'],
  };
}
