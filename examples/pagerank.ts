// Ranks the nodes of a random graph by the links to them (L. Page, S. Brin, R. Motwani and T. Winograd, "The PageRank citation
// ranking", 1999). The links are moved to the partitions of their nodes once, and the ranks of each round come to them there: a
// round shuffles ranks, never links. One seed gives one graph, and the same ranks on any number of threads.
//
//   heddle run examples/pagerank.ts [--nodes n] [--edges n] [--rounds n] [--seed n] [--threads n] [--check] [--json]
import { Context, type RDD } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const flags = { nodes: 1_000_000, edges: 10_000_000, rounds: 10, seed: 0 };
const usage = 'pagerank.ts [--nodes n] [--edges n] [--rounds n] [--seed n]';
const { nodes, edges, rounds, seed, threads, json, check } = commandLine(usage, flags);

/** Of its own, for through a shuffle the last digit of a sum depends on the partitions. */
const PARTITIONS = 8;
const DAMPING = 0.85;

await using sc = await Context.create({ threads, seed });

// Node i % nodes links to a node, more often to one of a low number.
const graph = sc.trials(edges, (rng, i): [number, number] => [i % nodes, Math.floor(nodes * rng.uniform() ** 3)], {
  partitions: PARTITIONS,
});

const started = performance.now();
const links = graph.groupByKey(PARTITIONS).cache();
let ranks: RDD<[number, number]> = links.mapValues(() => 1);
for (let round = 0; round < rounds; round++) {
  ranks = links
    .join(ranks, PARTITIONS)
    .flatMap(([node, [targets, rank]]) => {
      const share = rank / targets.length;
      const shares = targets.map((target): [number, number] => [target, share]);
      // A node that nobody links to keeps a rank, too.
      shares.push([node, 0]);
      return shares;
    })
    .reduceByKey((a, b) => a + b, PARTITIONS)
    .mapValues(sum => 1 - DAMPING + DAMPING * sum);
}
const ranked = await ranks.collect();
const seconds = (performance.now() - started) / 1000;

// The same by a plain loop over the same edges, which adds the shares up in another order.
const plainSeconds = await checked(
  check,
  async () => Int32Array.from(await graph.map(([, target]) => target).collect()),
  targets => {
    const degrees = new Int32Array(nodes);
    for (let i = 0; i < edges; i++) degrees[i % nodes]!++;
    let plain = new Float64Array(nodes).fill(1);
    for (let round = 0; round < rounds; round++) {
      const sums = new Float64Array(nodes);
      for (let i = 0; i < edges; i++) sums[targets[i]!]! += plain[i % nodes]! / degrees[i % nodes]!;
      plain = sums.map(sum => 1 - DAMPING + DAMPING * sum);
    }
    // With fewer links than nodes, some nodes have none and no rank of their own.
    if (edges < nodes) return;
    if (ranked.length !== nodes) throw new Error(`${ranked.length} nodes have a rank, of ${nodes}`);
    for (const [node, rank] of ranked) {
      if (!(Math.abs(rank - plain[node]!) <= 1e-9 * plain[node]!))
        throw new Error(`node ${node} ranks ${rank}, by a plain loop ${plain[node]}`);
    }
  },
);

const top = ranked.sort(([a, x], [b, y]) => y - x || a - b).slice(0, 5);
report(json, { job: 'pagerank', seconds, answer: top[0]![1], threads: sc.threads, plainSeconds, top }, () => [
  ...top.map(([node, rank]) => `${rank.toFixed(4).padStart(12)}  node ${node}`),
  `${nodes} nodes, ${edges} links, ${rounds} rounds`,
]);
