// What stands for the rows of a partition that are too many to be brought: their number, and a hash of them in their order.

const number = new Float64Array(1);
const halves = new Int32Array(number.buffer);

/** Of all rows, with every bit of their numbers (but one NaN is another) and every code unit of their texts. */
export function digestOf(rows: Iterable<unknown>): [rows: number, hash: number] {
  let [n, hash] = [0, 1];
  for (const row of rows) {
    n++;
    hash = mix(hash, row);
  }
  return [n, hash];
}

function mix(hash: number, value: unknown): number {
  if (typeof value === 'number') {
    number[0] = Number.isNaN(value) ? Number.NaN : value;
    return stir(stir(hash, halves[0]!), halves[1]!);
  }
  if (typeof value === 'string') {
    let mixed = stir(hash, value.length);
    for (let i = 0; i < value.length; i++) mixed = (Math.imul(mixed, 31) + value.charCodeAt(i)) | 0;
    return stir(mixed, 1);
  }
  if (Array.isArray(value)) {
    let mixed = stir(hash, ~value.length);
    for (let i = 0; i < value.length; i++) mixed = mix(mixed, value[i]);
    return mixed;
  }
  if (typeof value === 'object' && value !== null) return mix(hash, Object.entries(value));
  return mix(hash, `${typeof value} ${value}`);
}

/** As the last steps of MurmurHash3: what came first counts otherwise than what comes then. */
function stir(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ (mixed >>> 16);
}
