// PageRank as a plain loop over typed arrays on one thread: what parallel engines have to be held against (F. McSherry, M. Isard
// and D. G. Murray, "Scalability! But at what COST?", 2015).
import { PAGERANK, targetOf } from '../jobs.js';

const { nodes, rounds, damping } = PAGERANK;

/** The links from node i mod `nodes`, for each i. */
export function linkTargets(links: number): Int32Array {
  const targets = new Int32Array(links);
  for (let i = 0; i < links; i++) targets[i] = targetOf(i);
  return targets;
}

export function rank(targets: Int32Array): Float64Array {
  const degrees = new Int32Array(nodes);
  for (let i = 0; i < targets.length; i++) degrees[i % nodes]!++;
  let ranks = new Float64Array(nodes).fill(1);
  for (let round = 0; round < rounds; round++) {
    const shares = ranks.map((rank, node) => rank / degrees[node]!);
    const sums = new Float64Array(nodes);
    for (let i = 0, node = 0; i < targets.length; i++) {
      sums[targets[i]!]! += shares[node]!;
      if (++node === nodes) node = 0;
    }
    ranks = sums.map(sum => 1 - damping + damping * sum);
  }
  return ranks;
}
