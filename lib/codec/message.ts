// Plain data as bytes for the wire: V8's serialisation, with larger byte arrays set apart. So what is large is neither
// copied by the writer, nor by the reader, who gets views of the message's own memory.
//
// message: bytes of the head (u32), number of arrays set apart (u32), the length of each (f64), head, arrays; each of the
// last two parts, and every array, begins at a multiple of 8.

import { DefaultDeserializer, DefaultSerializer } from 'node:v8';
import { HeddleError } from '../core/errors.js';

/** Arrays of so many bytes are worth setting apart. */
const APART = 1024;
const FIXED = 8;
const NOTHING = new Uint8Array(8);

const pad8 = (bytes: number): number => Math.ceil(bytes / 8) * 8;

// What stands in the head for a byte array: one that is set apart (its index follows), or one that is right here.
const INLINE = 0;
const SET_APART = 1;

class Writer extends DefaultSerializer {
  readonly apart: Uint8Array[] = [];

  _writeHostObject(value: object): void {
    if (!(value instanceof Uint8Array))
      throw new HeddleError('HEDDLE_INTERNAL', 'a message holds something that is neither plain nor bytes');
    if (value.length >= APART) {
      this.writeUint32(SET_APART);
      this.writeUint32(this.apart.push(value) - 1);
      return;
    }
    this.writeUint32(INLINE);
    this.writeUint32(value.length);
    this.writeRawBytes(value);
  }
}

class Reader extends DefaultDeserializer {
  apart: readonly Uint8Array[] = [];

  _readHostObject(): unknown {
    const where = this.readUint32();
    const value = this.readUint32();
    return where === SET_APART ? this.apart[value] : Uint8Array.from(this.readRawBytes(value));
  }
}

/** The parts of a message, to be written one after the other. Byte arrays of `value` are among them: leave them as they are till then. */
export function encodeMessage(value: unknown): Uint8Array[] {
  const writer = new Writer();
  writer.writeHeader();
  writer.writeValue(value);
  const head = writer.releaseBuffer();
  const { apart } = writer;
  const fixed = new Uint8Array(FIXED + apart.length * 8);
  const view = new DataView(fixed.buffer);
  view.setUint32(0, head.length, true);
  view.setUint32(4, apart.length, true);
  const parts: Uint8Array[] = [fixed];
  const add = (bytes: Uint8Array): void => {
    parts.push(bytes);
    const padding = pad8(bytes.length) - bytes.length;
    if (padding > 0) parts.push(NOTHING.subarray(0, padding));
  };
  add(head);
  for (const [i, bytes] of apart.entries()) {
    view.setFloat64(FIXED + i * 8, bytes.length, true);
    add(bytes);
  }
  return parts;
}

/** The value of a message; larger byte arrays in it are views of `message`. Throws HEDDLE_CORRUPT. */
export function decodeMessage(message: Uint8Array): unknown {
  try {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const headLength = view.getUint32(0, true);
    const count = view.getUint32(4, true);
    const headAt = FIXED + count * 8;
    if (headAt > message.length) throw new RangeError(`${count} arrays in ${message.length} bytes`);
    const apart: Uint8Array[] = [];
    let at = headAt + pad8(headLength);
    for (let i = 0; i < count; i++) {
      const length = view.getFloat64(FIXED + i * 8, true);
      if (!Number.isInteger(length) || length < 0 || at + length > message.length)
        throw new RangeError(`an array of ${length} bytes at ${at}`);
      apart.push(message.subarray(at, at + length));
      at += pad8(length);
    }
    if (at !== message.length) throw new RangeError(`${message.length - at} bytes are left over`);
    // Its own copy: the head is short, and V8 reads no shared memory.
    const reader = new Reader(Uint8Array.from(message.subarray(headAt, headAt + headLength)));
    reader.apart = apart;
    reader.readHeader();
    return reader.readValue();
  } catch (error) {
    throw new HeddleError('HEDDLE_CORRUPT', `a message that cannot be read: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}
