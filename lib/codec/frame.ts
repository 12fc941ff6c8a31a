// Frames: bytes on a stream, cut into pieces that each say how long they are and what they must add up to.
//
// frame: payload bytes (u32), type (u8), flags (u8), zero (u16), CRC-32 of these 8 bytes and the payload (u32), payload
// All little-endian. A frame that is too long or does not add up ends the stream: what follows could be anything.

import { HeddleError } from '../core/errors.js';
import { crc32 } from './crc32.js';

export const FRAME_HEADER = 12;
/** Bytes of the header that its checksum covers. */
const COVERED = 8;

/** The header of a frame whose payload is these parts one after the other. */
export function frameHeader(type: number, flags: number, parts: readonly Uint8Array[]): Uint8Array {
  const header = new Uint8Array(FRAME_HEADER);
  const view = new DataView(header.buffer);
  let length = 0;
  for (const part of parts) length += part.length;
  view.setUint32(0, length, true);
  header[4] = type;
  header[5] = flags;
  let crc = crc32(header.subarray(0, COVERED));
  for (const part of parts) crc = crc32(part, crc);
  view.setUint32(COVERED, crc, true);
  return header;
}

/** Where frames go. What either method throws comes out of `push`. */
export interface FrameSink {
  /** Where the payload of a frame goes that begins: exactly `length` bytes. Throws to refuse it. */
  target(type: number, flags: number, length: number): Uint8Array;
  /** A whole frame that adds up. `payload` is its target. */
  frame(type: number, flags: number, payload: Uint8Array): void;
}

/** Puts frames together from whatever pieces a stream comes in. Holds the header and the target of one frame, and nothing more. */
export class FrameReader {
  private readonly header = new Uint8Array(FRAME_HEADER);
  private readonly view = new DataView(this.header.buffer);
  private headerFill = 0;
  private target: Uint8Array | undefined;
  private fill = 0;

  /** `limit`: the most bytes of a payload. */
  constructor(
    private readonly sink: FrameSink,
    public limit: number,
  ) {}

  /** Takes the next bytes of the stream. Throws HEDDLE_CORRUPT, or HEDDLE_FRAME_LIMIT; no more may be pushed then. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.target === undefined) {
        at = this.fillHeader(chunk, at);
        if (this.headerFill < FRAME_HEADER) return;
        this.target = this.begin();
        this.fill = 0;
      }
      const { target } = this;
      const take = Math.min(target.length - this.fill, chunk.length - at);
      if (take > 0) target.set(chunk.subarray(at, at + take), this.fill);
      this.fill += take;
      at += take;
      if (this.fill === target.length) this.end(target);
    }
  }

  private fillHeader(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + FRAME_HEADER - this.headerFill);
    for (; at < end; at++) this.header[this.headerFill++] = chunk[at]!;
    return at;
  }

  private begin(): Uint8Array {
    const { header } = this;
    const length = this.view.getUint32(0, true);
    if (header[6] !== 0 || header[7] !== 0) throw corrupt('the header of a frame', { type: header[4], length });
    if (length > this.limit) {
      throw new HeddleError('HEDDLE_FRAME_LIMIT', `a frame of ${length} bytes came in, and the limit is ${this.limit}`, {
        data: { length, limit: this.limit, type: header[4] },
      });
    }
    return this.sink.target(header[4]!, header[5]!, length);
  }

  private end(payload: Uint8Array): void {
    const { header } = this;
    const found = crc32(payload, crc32(header.subarray(0, COVERED)));
    const expected = this.view.getUint32(COVERED, true);
    if (found !== expected) throw corrupt('the checksum of a frame', { type: header[4], length: payload.length, found, expected });
    this.headerFill = 0;
    this.target = undefined;
    this.sink.frame(header[4]!, header[5]!, payload);
  }
}

function corrupt(what: string, data: Record<string, unknown>): HeddleError {
  return new HeddleError('HEDDLE_CORRUPT', `${what} is wrong: the connection is broken, or the other end does not speak this protocol`, {
    data,
  });
}
