// Columns of text: the length of each string in code units (32 bits each), then all code units one after the other,
// one byte each if all of them are below 256, else two. Code units, not characters: a lone surrogate is text too.
//
// A call into Node.js for one short string costs more than the copy itself, so strings are written and read by
// windows of many at once. A window is bounded for two reasons: no string may get longer than V8 allows, and a string
// sliced out of a window keeps the whole window alive.
import {
  type ColumnHeader,
  ColumnKind,
  type ColumnPlan,
  checkPayload,
  columnBytes,
  columnHeader,
  corrupt,
  HEADER_BYTES,
  writeHeader,
} from './column-header.js';

const WRITE_WINDOW = 2 ** 20;
const READ_WINDOW = 2 ** 16;
const BEYOND_LATIN1 = /[^\0-\xff]/;

/** values[from..to) are strings. */
export function planText(values: ArrayLike<unknown>, from: number, to: number): ColumnPlan {
  const rows = to - from;
  const lengths = new Uint32Array(rows);
  const windows: string[] = [];
  let window = '';
  let units = 0;
  for (let i = 0; i < rows; i++) {
    const text = values[from + i] as string;
    const length = text.length;
    lengths[i] = length;
    units += length;
    // A string longer than a window is a window of its own: added to another it might get too long to exist.
    if (length > WRITE_WINDOW) {
      windows.push(window, text);
      window = '';
      continue;
    }
    window += text;
    if (window.length >= WRITE_WINDOW) {
      windows.push(window);
      window = '';
    }
  }
  windows.push(window);
  const wide = windows.some(text => BEYOND_LATIN1.test(text));
  const unitBytes = wide ? 2 : 1;
  const plan: ColumnPlan = {
    kind: wide ? ColumnKind.Utf16 : ColumnKind.Latin1,
    rows,
    objects: false,
    branching: false,
    byteLength: columnBytes(rows * 4 + units * unitBytes, rows),
    write(target) {
      writeHeader(target, plan, 0, units);
      new Uint32Array(target.buffer, target.byteOffset + HEADER_BYTES, rows).set(lengths);
      let at = target.byteOffset + HEADER_BYTES + rows * 4;
      for (const text of windows) {
        const out = Buffer.from(target.buffer, at, text.length * unitBytes);
        if (wide) out.write(text, 0, out.length, 'utf16le');
        else out.write(text, 0, out.length, 'latin1');
        at += out.length;
      }
    },
  };
  return plan;
}

/**
 * A column of `rows` strings of `units` code units, of one byte each or (`wide`) of two, which `fill` writes where it is told:
 * the lengths, and the units.
 */
export function planUnits(rows: number, units: number, wide: boolean, fill: (lengths: Uint32Array, text: Uint8Array) => void): ColumnPlan {
  const bytes = wide ? units * 2 : units;
  const plan: ColumnPlan = {
    kind: wide ? ColumnKind.Utf16 : ColumnKind.Latin1,
    rows,
    objects: false,
    branching: false,
    byteLength: columnBytes(rows * 4 + bytes, rows),
    write(target) {
      writeHeader(target, plan, 0, units);
      const lengths = new Uint32Array(target.buffer, target.byteOffset + HEADER_BYTES, rows);
      fill(lengths, new Uint8Array(target.buffer, lengths.byteOffset + rows * 4, bytes));
    },
  };
  return plan;
}

/** The lengths and bytes of a column of text of one byte a unit; null for any other column. */
export function latin1Parts(bytes: Uint8Array): { readonly lengths: Uint32Array; readonly text: Uint8Array } | null {
  const header = columnHeader(bytes);
  if (header.kind !== ColumnKind.Latin1) return null;
  checkPayload(header, header.rows * 4 + header.count);
  const lengths = new Uint32Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, header.rows);
  return { lengths, text: new Uint8Array(bytes.buffer, lengths.byteOffset + header.rows * 4, header.count) };
}

export function readText(bytes: Uint8Array, header: ColumnHeader & { readonly count: number }): string[] {
  const { rows, count: units } = header;
  const unitBytes = header.kind === ColumnKind.Utf16 ? 2 : 1;
  checkPayload(header, rows * 4 + units * unitBytes);
  const lengths = new Uint32Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, rows);
  const start = bytes.byteOffset + HEADER_BYTES + rows * 4;
  const encoding = unitBytes === 2 ? 'utf16le' : 'latin1';
  const decode = (from: number, length: number): string =>
    Buffer.from(bytes.buffer, start + from * unitBytes, length * unitBytes).toString(encoding);
  const out: string[] = [];
  let window = '';
  let windowStart = 0;
  let at = 0; // inside the window
  for (let i = 0; i < rows; i++) {
    const length = lengths[i]!;
    let end = at + length;
    if (end > window.length) {
      windowStart += at;
      if (windowStart + length > units) throw corrupt(`text of more than ${units} units`);
      window = decode(windowStart, Math.min(units - windowStart, Math.max(length, READ_WINDOW)));
      at = 0;
      end = length;
    }
    out.push(window.slice(at, end));
    at = end;
  }
  return out;
}
