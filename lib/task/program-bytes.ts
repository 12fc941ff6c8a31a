// A program as bytes, in memory that all threads share. The numbers of its closures stand before the rest, for these are new with
// each job: by what is left a program is known that has come before, without being decoded.
//
//   number of closures, their numbers (float64 each); the program with zeros in their place, as structured clone has it

import { deserialize, serialize } from 'node:v8';
import type { Program } from './spec.js';

const WORD = 8;

export function encodeProgram(program: Program): Uint8Array {
  const { closures } = program;
  const content = serialize({ ...program, closures: closures.map(closure => ({ ...closure, id: 0 })) });
  const start = WORD * (1 + closures.length);
  const bytes = new Uint8Array(new SharedArrayBuffer(start + content.length));
  const head = new DataView(bytes.buffer);
  head.setFloat64(0, closures.length);
  for (const [i, { id }] of closures.entries()) head.setFloat64(WORD * (1 + i), id);
  bytes.set(content, start);
  return bytes;
}

export class EncodedProgram {
  /** The numbers of its closures. */
  readonly closures: readonly number[];
  private readonly rest: Buffer;

  constructor({ buffer, byteOffset, byteLength }: Uint8Array) {
    const head = new DataView(buffer, byteOffset, byteLength);
    this.closures = Array.from({ length: head.getFloat64(0) }, (_, i) => head.getFloat64(WORD * (1 + i)));
    const start = WORD * (1 + this.closures.length);
    this.rest = Buffer.from(buffer as ArrayBuffer, byteOffset + start, byteLength - start);
  }

  /** All of it but these numbers: two programs with the same content do the same. */
  content(): string {
    return this.rest.toString('latin1');
  }

  decode(): Program {
    // A copy: structured clone does not read shared memory.
    const program = deserialize(Buffer.from(this.rest)) as Program;
    return { ...program, closures: program.closures.map((closure, i) => ({ ...closure, id: this.closures[i]! })) };
  }
}
