// How many different keys there are, from one byte for each of 2^p groups of hashes: HyperLogLog (Flajolet, Fusy, Gandouet
// and Meunier, AofA 2007) over 64 bits as in HyperLogLog++ (Heule, Nunkesser and Hall, EDBT 2013).
//
// Contract: registers are a Uint8Array of 2^p bytes, all 0 at first. Merging takes the greater of each, so the result depends
// on the set of keys alone: not on their order, nor on how often each came, nor on who saw them.
//
// The estimate is Ertl's improved raw one ("New cardinality estimation algorithms for HyperLogLog sketches", 2017,
// algorithm 6). From no keys at all to 2^64 it needs neither the tables against bias nor the change to linear counting of
// HyperLogLog++. His constant is the limit for many registers; for few it takes the correction of Flajolet et al. The
// relative standard deviation is 1.04 / sqrt(2^p), and less for few keys.
import { hashKey64 } from '../../codec/key-hash64.js';
import { badArgument } from '../../core/errors.js';

export const LEAST_PRECISION = 4;
/** A MiB of registers a task. */
export const MOST_PRECISION = 20;

/** The least precision whose relative standard deviation is this or less. The constant is Spark's, a little above 1.04. */
export function precisionFor(argument: string, relativeSD: unknown): number {
  const least = 1.054 / 2 ** (MOST_PRECISION / 2);
  if (!(typeof relativeSD === 'number' && relativeSD >= least && relativeSD < 1)) {
    throw badArgument(argument, relativeSD, `a relative standard deviation, from ${least.toPrecision(2)} to below 1`);
  }
  return Math.max(LEAST_PRECISION, Math.ceil(2 * Math.log2(1.054 / relativeSD)));
}

export function newRegisters(precision: number): Uint8Array {
  return new Uint8Array(2 ** precision);
}

const hash = new Uint32Array(2);

/** Adds a key, equal to others by value. Throws HEDDLE_VALUE for what cannot be one. Returns the registers. */
export function addKey(registers: Uint8Array, key: unknown): Uint8Array {
  hashKey64(key, hash);
  addHash(registers, hash[0]!, hash[1]!);
  return registers;
}

/** Adds a key by its hash. The upper bits name the register; the zeros that the others begin with, and one, are its value. */
export function addHash(registers: Uint8Array, high: number, low: number): void {
  const precision = 31 - Math.clz32(registers.length);
  const at = high >>> (32 - precision);
  const rest = (high << precision) >>> 0;
  const rank = rest !== 0 ? Math.clz32(rest) + 1 : 33 - precision + Math.clz32(low);
  if (rank > registers[at]!) registers[at] = rank;
}

/** Takes other registers of the same precision in, and returns the first. */
export function mergeRegisters(registers: Uint8Array, others: Uint8Array): Uint8Array {
  for (let i = 0; i < others.length; i++) if (others[i]! > registers[i]!) registers[i] = others[i]!;
  return registers;
}

/** How many different keys were added, to the nearest whole number. */
export function estimateDistinct(registers: Uint8Array): number {
  const m = registers.length;
  const most = 64 - Math.log2(m);
  const counts = new Float64Array(most + 2);
  for (let i = 0; i < m; i++) counts[registers[i]!]!++;
  let z = m * tau(1 - counts[most + 1]! / m);
  for (let k = most; k >= 1; k--) z = (z + counts[k]!) / 2;
  z += m * sigma(counts[0]! / m);
  return Math.round((m * m) / (2 * Math.LN2 * (1 + 1.079 / m) * z));
}

/** x + sum of x^(2^k) 2^(k-1), k from 1: what registers that are still 0 stand for. */
function sigma(x: number): number {
  if (x === 1) return Number.POSITIVE_INFINITY;
  let sum = x;
  for (let power = x * x, weight = 1, before = -1; sum !== before; power *= power, weight *= 2) {
    before = sum;
    sum += power * weight;
  }
  return sum;
}

/** (1 - x - sum of (1 - x^(2^-k))^2 2^-k, k from 1) / 3: what registers that are full stand for. */
function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let sum = 1 - x;
  for (let root = Math.sqrt(x), weight = 0.5, before = -1; sum !== before; root = Math.sqrt(root), weight /= 2) {
    before = sum;
    sum -= (1 - root) ** 2 * weight;
  }
  return sum / 3;
}
