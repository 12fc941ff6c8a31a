// Computes e to many decimals: its Taylor series by binary splitting, each partition a run of terms, exactly, in BigInt. A run
// from a to b is a fraction p / q with q = (a + 1) ... b, and two neighbours make one: p q' + p' over q q'.
//
//   heddle run examples/e-digits.ts [--digits n] [--threads n] [--check] [--json]
import { Context } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const { digits, threads, json, check } = commandLine('e-digits.ts [--digits n]', { digits: 10_000 });

type Fraction = [p: bigint, q: bigint];

const join = ([p, q]: Fraction, [r, s]: Fraction): Fraction => [p * s + r, q * s];

/** The terms of 1 / (a + 1) + 1 / ((a + 1)(a + 2)) + ... + 1 / ((a + 1) ... b). */
function split(a: number, b: number): Fraction {
  if (b - a === 1) return [1n, BigInt(b)];
  const middle = (a + b) >> 1;
  return join(split(a, middle), split(middle, b));
}

/** Terms until 1 / n! is far below the last decimal. */
let terms = 1;
for (let log = 0; log < digits + 20; terms++) log += Math.log10(terms);

await using sc = await Context.create({ threads });
const started = performance.now();
const [p, q] = await sc
  .range(0, terms, 1, 16)
  .mapPartitions((rows): Fraction[] => {
    const indices = Array.from(rows);
    return indices.length === 0 ? [] : [split(indices[0]!, indices[0]! + indices.length)];
  })
  .reduce(join);
const scale = 10n ** BigInt(digits);
const fraction = String((p * scale) / q - scale).padStart(digits, '0');
const seconds = (performance.now() - started) / 1000;

// The plain way: fixed-point terms, each the one before it divided by its number, with some digits to spare.
const plainSeconds = await checked(
  check,
  async () => {},
  () => {
    let sum = 0n;
    for (let term = scale * 10n ** 20n, k = 1n; term > 0n; k++) {
      term /= k;
      sum += term;
    }
    const plain = String(sum / 10n ** 20n - scale).padStart(digits, '0');
    if (fraction !== plain) throw new Error(`the decimals differ from those of a plain loop: ${fraction} and ${plain}`);
  },
);

const digitSum = Array.from(fraction, Number).reduce((a, b) => a + b, 0);
const more = { first: fraction.slice(0, 20), last: fraction.slice(-20) };
report(json, { job: 'e-digits', seconds, answer: digitSum, threads: sc.threads, plainSeconds, ...more }, () => [
  `2.${more.first}...${more.last}`,
  `${digits} decimals of ${terms} terms, which add up to ${digitSum}`,
]);
