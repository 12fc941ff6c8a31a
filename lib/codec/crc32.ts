// CRC-32 as gzip and zlib have it (IEEE 802.3, reflected, polynomial 0xEDB88320). Node's own where this Node has it (20.15 and
// later), else a table for each of four bytes at a time ("slicing by 4": Kounavis and Berry, 2005).

import * as zlib from 'node:zlib';

type Crc32 = (bytes: Uint8Array, before?: number) => number;

const WIDTH = 4;
let tables: Uint32Array[] | undefined;

function makeTables(): Uint32Array[] {
  const all = Array.from({ length: WIDTH }, () => new Uint32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ 0xedb88320;
    all[0]![byte] = crc;
  }
  for (let width = 1; width < WIDTH; width++) {
    for (let byte = 0; byte < 256; byte++) {
      const shorter = all[width - 1]![byte]!;
      all[width]![byte] = (shorter >>> 8) ^ all[0]![shorter & 0xff]!;
    }
  }
  return all;
}

/** The checksum of `bytes`, carried on from that of what came before them. */
export function tableCrc32(bytes: Uint8Array, before = 0): number {
  tables ??= makeTables();
  const [t0, t1, t2, t3] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let crc = ~before;
  let i = 0;
  for (const end = bytes.length - 3; i < end; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = t3[crc & 0xff]! ^ t2[(crc >>> 8) & 0xff]! ^ t1[(crc >>> 16) & 0xff]! ^ t0[crc >>> 24]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!;
  return ~crc >>> 0;
}

export const crc32: Crc32 = (zlib as { crc32?: Crc32 }).crc32 ?? tableCrc32;
