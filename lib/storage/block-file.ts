// Files of blocks: runs of bytes that are appended and read back one at a time, each behind a header that tells whether
// it is whole. For what leaves memory for a while: stored partitions, and whatever else has no room.
//
//   bytes 0..3  magic       bytes 4..7   length of the payload
//   bytes 8..11 CRC-32      bytes 12..15 zero
//
// then the payload, padded to a multiple of 8. Little-endian. A block is found by its place, which whoever appended it
// keeps; nothing is read to find it. A file is written by one writer, once, and is whole when that was closed.
//
// Throws HEDDLE_IO when the disk is full, HEDDLE_PATH_NOT_FOUND when the file is gone, HEDDLE_CORRUPT when bytes are
// not those that were written.

import { createRequire } from 'node:module';
import { HeddleError } from '../core/errors.js';
import type { FileSystem, WritableFile } from './file-system.js';

/** Where a block is, as plain data. */
export interface BlockPlace {
  readonly file: string;
  /** Of its header. */
  readonly offset: number;
  /** Of its payload. */
  readonly bytes: number;
}

const MAGIC = 0x4b_4c_42_48; // 'HBLK'
const HEADER_BYTES = 16;
export const MAX_BLOCK_BYTES = 2 ** 32 - 1;

export class BlockFileWriter {
  private readonly out: WritableFile;
  private offset = 0;

  constructor(
    private readonly files: FileSystem,
    readonly file: string,
  ) {
    this.out = files.create(file);
  }

  /** The bytes are copied: the caller may use the array again at once. */
  append(payload: Uint8Array): BlockPlace {
    const bytes = payload.length;
    if (bytes > MAX_BLOCK_BYTES) throw new HeddleError('HEDDLE_INTERNAL', `a block of ${bytes} bytes is too long`);
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt32LE(bytes, 4);
    header.writeUInt32LE(checksum(payload), 8);
    const place = { file: this.file, offset: this.offset, bytes };
    this.out.write(header);
    this.out.write(payload);
    const padding = -bytes & 7;
    if (padding > 0) this.out.write(new Uint8Array(padding));
    this.offset += HEADER_BYTES + bytes + padding;
    return place;
  }

  close(): void {
    this.out.close();
  }

  /** Closes and removes the file. */
  discard(): void {
    try {
      this.out.close();
    } catch {
      // The error that has it discarded tells more.
    }
    this.files.remove(this.file);
  }
}

/** The payload of a block, in memory of its own that begins at a multiple of 8. */
export function readBlock(files: FileSystem, { file, offset, bytes }: BlockPlace): Uint8Array {
  const whole = Buffer.from(new ArrayBuffer(HEADER_BYTES + bytes));
  const input = files.open(file);
  try {
    for (let done = 0; done < whole.length; ) {
      const read = input.readInto(whole, done, whole.length - done, offset + done);
      if (read === 0) throw corrupt(file, offset, `the file ends ${whole.length - done} bytes too early`);
      done += read;
    }
  } finally {
    input.close();
  }
  if (whole.readUInt32LE(0) !== MAGIC || whole.readUInt32LE(4) !== bytes) throw corrupt(file, offset, 'there is no block of that length');
  const payload = new Uint8Array(whole.buffer, HEADER_BYTES, bytes);
  if (whole.readUInt32LE(8) !== checksum(payload)) throw corrupt(file, offset, 'its checksum is that of other bytes');
  return payload;
}

function corrupt(file: string, offset: number, what: string): HeddleError {
  return new HeddleError('HEDDLE_CORRUPT', `${file} at ${offset}: ${what}`, { data: { path: file, offset } });
}

type Crc32 = (bytes: Uint8Array) => number;
let crc32: Crc32 | undefined;

/** CRC-32 as zlib has it. Node's own, which came in 20.15, is several times faster than the table. */
function checksum(bytes: Uint8Array): number {
  // Loaded here because few programs come this way.
  crc32 ??= (createRequire(import.meta.url)('node:zlib') as { crc32?: Crc32 }).crc32 ?? crc32OfTable;
  return crc32(bytes);
}

let table: Uint32Array | undefined;

/** The same by a table of the polynomial's remainders (reflected, 0xEDB88320). */
export function crc32OfTable(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder & 1) === 1 ? (remainder >>> 1) ^ 0xed_b8_83_20 : remainder >>> 1;
    return remainder;
  });
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}
