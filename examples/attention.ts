// Multi-head attention, softmax(Q K^T / sqrt(d)) V for each head, over typed arrays (A. Vaswani et al., "Attention is all you
// need", 2017). A row is a head and a run of its queries, with the head's keys and values; rows run side by side.
//
//   heddle run examples/attention.ts [--heads n] [--tokens n] [--width n] [--seed n] [--threads n] [--check] [--json]
import { Context } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const flags = { heads: 8, tokens: 1024, width: 64, seed: 0 };
const usage = 'attention.ts [--heads n] [--tokens n] [--width n] [--seed n]';
const { heads, tokens, width, seed, threads, json, check } = commandLine(usage, flags);

/** Rows of queries for one task. */
const RUN = 128;

/** Attention of some queries to all keys; matrices are row by row. */
function attend(queries: Float64Array, keys: Float64Array, values: Float64Array, width: number): Float64Array {
  const tokens = keys.length / width;
  const out = new Float64Array(queries.length);
  const weights = new Float64Array(tokens);
  for (let q = 0; q < queries.length; q += width) {
    let most = Number.NEGATIVE_INFINITY;
    for (let t = 0; t < tokens; t++) {
      let dot = 0;
      for (let k = 0; k < width; k++) dot += queries[q + k]! * keys[t * width + k]!;
      weights[t] = dot / Math.sqrt(width);
      most = Math.max(most, weights[t]!);
    }
    let total = 0;
    // The greatest exponent is 0: nothing overflows.
    for (let t = 0; t < tokens; t++) total += weights[t] = Math.exp(weights[t]! - most);
    for (let t = 0; t < tokens; t++) {
      const share = weights[t]! / total;
      for (let k = 0; k < width; k++) out[q + k]! += share * values[t * width + k]!;
    }
  }
  return out;
}

await using sc = await Context.create({ threads, seed });
const size = tokens * width;
const matrices = await sc.trials(3 * heads, rng => Float64Array.from({ length: size }, () => rng.normal())).collect();
const parts = Array.from({ length: heads }, (_, h) => matrices.slice(3 * h, 3 * h + 3) as [Float64Array, Float64Array, Float64Array]);

const started = performance.now();
const rows = parts.flatMap(([queries, keys, values], head) =>
  Array.from({ length: Math.ceil(tokens / RUN) }, (_, run) => ({
    at: head * size + run * RUN * width,
    queries: queries.slice(run * RUN * width, (run + 1) * RUN * width),
    keys,
    values,
  })),
);
const attended = await sc
  .parallelize(rows, Math.min(rows.length, 4 * sc.threads))
  .map(({ at, queries, keys, values }): [number, Float64Array] => [at, attend(queries, keys, values, width)])
  .collect();
const out = new Float64Array(heads * size);
for (const [at, part] of attended) out.set(part, at);
const seconds = (performance.now() - started) / 1000;

const plainSeconds = await checked(
  check,
  async () => new Float64Array(heads * size),
  plain => {
    parts.forEach(([queries, keys, values], head) => {
      // Written out plainly: the definition, a number at a time.
      for (let i = 0; i < tokens; i++) {
        const scores = Array.from({ length: tokens }, (_, t) => {
          let dot = 0;
          for (let k = 0; k < width; k++) dot += queries[i * width + k]! * keys[t * width + k]!;
          return Math.exp(dot / Math.sqrt(width));
        });
        const total = scores.reduce((a, b) => a + b, 0);
        for (let t = 0; t < tokens; t++) {
          for (let k = 0; k < width; k++) plain[head * size + i * width + k]! += (scores[t]! / total) * values[t * width + k]!;
        }
      }
    });
    for (let i = 0; i < out.length; i++) {
      if (!(Math.abs(out[i]! - plain[i]!) < 1e-9)) throw new Error(`number ${i} is ${out[i]}, a plain loop has ${plain[i]}`);
    }
  },
);

const norm = Math.sqrt(out.reduce((sum, x) => sum + x * x, 0));
report(json, { job: 'attention', seconds, answer: norm, threads: sc.threads, plainSeconds }, () => [
  `the outputs of ${heads} heads over ${tokens} tokens of width ${width} have norm ${norm.toFixed(6)}`,
]);
