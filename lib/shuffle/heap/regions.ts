// The table of named regions in the heap's header: how threads that share nothing but the memory find each other's
// tables. Read and written under the heap's lock; a name is there once its entry is whole, because the count is
// raised last.
import { badArgument, HeddleError } from '../../core/errors.js';
import { MOST_REGIONS, REGION_BYTES, REGION_NAME_BYTES, REGION_TABLE, REGIONS } from './layout.js';

const NAME_WORDS = REGION_NAME_BYTES / 4;

/** The address of the region with this name, or 0 when there is none yet and the table has room for it. */
export function findRegion(header: Int32Array, name: string, bytes: number): number {
  const wanted = nameWords(name);
  for (let index = 0; index < header[REGIONS]!; index++) {
    const at = entryAt(index);
    if (!wanted.every((word, i) => header[at + i] === word)) continue;
    const there = header[at + NAME_WORDS + 1]! >>> 0;
    if (there !== bytes) throw badArgument('bytes', bytes, `${there}, the size the region "${name}" was made with`);
    return header[at + NAME_WORDS]! >>> 0;
  }
  if (header[REGIONS] === MOST_REGIONS) {
    throw new HeddleError('HEDDLE_INTERNAL', `shared heap: no room for a region "${name}": there are ${MOST_REGIONS} already`, {
      data: { name },
    });
  }
  return 0;
}

/** Records a region that findRegion() did not find. */
export function addRegion(header: Int32Array, name: string, address: number, bytes: number): void {
  const index = header[REGIONS]!;
  const at = entryAt(index);
  header.set(nameWords(name), at);
  header[at + NAME_WORDS] = address;
  header[at + NAME_WORDS + 1] = bytes;
  header[REGIONS] = index + 1;
}

function entryAt(index: number): number {
  return (REGION_TABLE + index * REGION_BYTES) / 4;
}

function nameWords(name: string): Int32Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length === 0 || bytes.length > REGION_NAME_BYTES) throw badArgument('name', name, `1 to ${REGION_NAME_BYTES} bytes of UTF-8`);
  const words = new Int32Array(NAME_WORDS);
  new Uint8Array(words.buffer).set(bytes);
  return words;
}
