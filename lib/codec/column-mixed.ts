// Columns of values of several classes, null and undefined among them: a byte a row that tells the class, padded to 8,
// then a column for each class that occurs and has more than one value.
import { classOf, NUMBER, ValueClass } from './column-class.js';
import {
  type ColumnHeader,
  ColumnKind,
  type ColumnPlan,
  checkPayload,
  columnBytes,
  columnHeader,
  corrupt,
  HEADER_BYTES,
  type ReadInner,
  writeHeader,
} from './column-header.js';
import { isBranching, writeInner } from './column-tuple.js';

const UNDEFINED = 0;
const NULL = 1;
/** The classes that have columns; the place of a class, plus 2, is its byte. */
const COLUMN_CLASSES = [ValueClass.Boolean, NUMBER, ValueClass.String, ValueClass.BigInt, ValueClass.Object];

/** Plans the column of one class; `rowOf(i)` is the place in the batch of its i-th value. */
export type PlanClass = (values: unknown[], rowOf: (index: number) => number) => ColumnPlan | null;

export function planMixed(values: ArrayLike<unknown>, from: number, to: number, planClass: PlanClass): ColumnPlan | null {
  const rows = to - from;
  const tags = new Uint8Array(rows);
  const groups: unknown[][] = COLUMN_CLASSES.map(() => []);
  const groupRows: number[][] = COLUMN_CLASSES.map(() => []);
  for (let i = 0; i < rows; i++) {
    const value = values[from + i];
    const tag = tagOf(value);
    tags[i] = tag;
    if (tag > NULL) {
      groups[tag - 2]!.push(value);
      groupRows[tag - 2]!.push(from + i);
    }
  }
  const columns: ColumnPlan[] = [];
  for (let group = 0; group < groups.length; group++) {
    if (groups[group]!.length === 0) continue;
    const column = planClass(groups[group]!, index => groupRows[group]![index]!);
    if (column === null) return null;
    columns.push(column);
  }
  const tagBytes = Math.ceil(rows / 8) * 8;
  const plan: ColumnPlan = {
    objects: columns.some(column => column.objects),
    branching: isBranching(columns),
    kind: ColumnKind.Mixed,
    rows,
    byteLength: columnBytes(
      columns.reduce((sum, column) => sum + column.byteLength, tagBytes),
      rows,
    ),
    write(target) {
      writeHeader(target, plan, columns.length);
      target.set(tags, HEADER_BYTES);
      writeInner(target, HEADER_BYTES + tagBytes, columns);
    },
  };
  return plan;
}

export function readMixed(bytes: Uint8Array, header: ColumnHeader, read: ReadInner): unknown[] {
  const { rows } = header;
  const tagBytes = Math.ceil(rows / 8) * 8;
  checkPayload(header, tagBytes);
  const tags = bytes.subarray(HEADER_BYTES, HEADER_BYTES + rows);
  const counts = new Array<number>(COLUMN_CLASSES.length + 2).fill(0);
  for (let i = 0; i < rows; i++) counts[tags[i]!]!++;
  if (counts.length > COLUMN_CLASSES.length + 2) throw corrupt('an unknown class of value');
  const columns: ArrayLike<unknown>[] = [[], []];
  let from = HEADER_BYTES + tagBytes;
  for (let tag = 2; tag < counts.length; tag++) {
    if (counts[tag] === 0) {
      columns.push([]);
      continue;
    }
    const inner = columnHeader(bytes.subarray(from, header.byteLength));
    if (inner.rows !== counts[tag]) throw corrupt(`${inner.rows} values of a class that occurs ${counts[tag]} times`);
    columns.push(read(bytes.subarray(from, from + inner.byteLength)));
    from += inner.byteLength;
  }
  const next = new Array<number>(counts.length).fill(0);
  const out: unknown[] = [];
  for (let i = 0; i < rows; i++) {
    const tag = tags[i]!;
    out.push(tag === UNDEFINED ? undefined : tag === NULL ? null : columns[tag]![next[tag]!++]);
  }
  return out;
}

function tagOf(value: unknown): number {
  const bit = classOf(value);
  if (bit === ValueClass.Undefined) return UNDEFINED;
  if (bit === ValueClass.Null) return NULL;
  return COLUMN_CLASSES.findIndex(bits => (bits & bit) !== 0) + 2;
}
