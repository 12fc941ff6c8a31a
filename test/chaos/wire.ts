// The frames of a stream as they are on the wire, header and all, for whoever stands between two ends.
import { FRAME_HEADER, frameHeader } from '../../lib/codec/frame.js';
import type { Address } from '../../lib/transport/tcp/address.js';

const HELLO = 1;
const HEARTBEAT = 3;

export const isHeartbeat = (frame: Buffer) => frame[4] === HEARTBEAT;

/** Cuts a stream into its frames. Whatever one end may send is passed on, so nothing is checked. */
export class Cutter {
  private chunks: Buffer[] = [];
  private bytes = 0;

  *push(chunk: Buffer): Generator<Buffer> {
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    for (;;) {
      if (this.bytes < FRAME_HEADER) return;
      if (this.chunks[0]!.length < FRAME_HEADER) this.chunks = [Buffer.concat(this.chunks)];
      const length = FRAME_HEADER + this.chunks[0]!.readUInt32LE(0);
      if (this.bytes < length) return;
      const all = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks);
      this.chunks = length < all.length ? [all.subarray(length)] : [];
      this.bytes -= length;
      yield all.subarray(0, length);
    }
  }

  /** What came after the last whole frame. */
  rest(): Buffer {
    return Buffer.concat(this.chunks.splice(0));
  }
}

/** Where the executor that says this hello serves shuffle data; undefined for any other frame. */
export function servesOf(frame: Buffer): Address | undefined {
  return frame[4] === HELLO ? helloOf(frame).serves : undefined;
}

/** The same hello with another address for shuffle data. */
export function withServes(frame: Buffer, serves: Address): Buffer {
  const payload = Buffer.from(JSON.stringify({ ...helloOf(frame), serves }));
  return Buffer.concat([frameHeader(HELLO, 0, [payload]), payload]);
}

function helloOf(frame: Buffer): { readonly serves?: Address } {
  return JSON.parse(frame.toString('utf8', FRAME_HEADER)) as { readonly serves?: Address };
}
