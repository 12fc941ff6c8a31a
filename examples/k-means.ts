// Finds the centres of clusters of points by Lloyd's algorithm ("Least squares quantization in PCM", 1982). A round is one pass
// over the points, which are kept; the centres of the last one are simply captured. The points are random: one seed gives the
// same points and centres, bit for bit, on any number of threads.
//
//   heddle run examples/k-means.ts [--points n] [--clusters n] [--rounds n] [--seed n] [--threads n] [--check] [--json]
import { Context, type Rng } from 'heddle';
import { checked, commandLine, report } from './command-line.js';

const flags = { points: 500_000, clusters: 8, rounds: 10, seed: 0 };
const usage = 'k-means.ts [--points n] [--clusters n] [--rounds n] [--seed n]';
const { points, clusters, rounds, seed, threads, json, check } = commandLine(usage, flags);

type Point = [x: number, y: number];

/** A point near one of the places on a circle. */
function scatter(rng: Rng): Point {
  const angle = (2 * Math.PI * rng.int(clusters)) / clusters;
  return [10 * Math.cos(angle) + rng.normal(), 10 * Math.sin(angle) + rng.normal()];
}

function nearest([x, y]: Point, centres: readonly Point[]): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < centres.length; c++) {
    const [dx, dy] = [x - centres[c]![0], y - centres[c]![1]];
    const distance = dx * dx + dy * dy;
    if (distance < least) {
      least = distance;
      best = c;
    }
  }
  return best;
}

/** Adds a point to the sums of its cluster: count, x and y of each, and the squared distances of all. */
function add(sums: number[], point: Point, centres: readonly Point[]): number[] {
  const c = nearest(point, centres);
  sums[3 * c]! += 1;
  sums[3 * c + 1]! += point[0];
  sums[3 * c + 2]! += point[1];
  sums[3 * clusters]! += (point[0] - centres[c]![0]) ** 2 + (point[1] - centres[c]![1]) ** 2;
  return sums;
}

/** The means of the clusters; a cluster without points stays where it is. */
const moved = (sums: readonly number[], centres: readonly Point[]) =>
  centres.map((centre, c): Point => (sums[3 * c]! > 0 ? [sums[3 * c + 1]! / sums[3 * c]!, sums[3 * c + 2]! / sums[3 * c]!] : centre));

await using sc = await Context.create({ threads, seed });
const cloud = sc.trials(points, scatter).cache();
const first = await cloud.takeSample(false, clusters);
const zero = new Array<number>(3 * clusters + 1).fill(0);

const started = performance.now();
let centres = first;
let spread = 0;
for (let round = 0; round < rounds; round++) {
  const from = centres;
  const sums = await cloud.aggregate(
    zero,
    (sums, point) => add(sums, point, from),
    (a, b) => a.map((sum, i) => sum + b[i]!),
  );
  spread = sums[3 * clusters]! / points;
  centres = moved(sums, from);
}
const seconds = (performance.now() - started) / 1000;

// The same by a plain loop over the same points, which adds them up in another order.
const plainSeconds = await checked(
  check,
  () => cloud.collect(),
  all => {
    let expected = first;
    for (let round = 0; round < rounds; round++) {
      const sums = all.reduce((sums, point) => add(sums, point, expected), [...zero]);
      expected = moved(sums, expected);
    }
    for (const [c, [x, y]] of centres.entries()) {
      const off = Math.hypot(x - expected[c]![0], y - expected[c]![1]);
      if (!(off < 1e-6)) throw new Error(`centre ${c} is ${[x, y]}, a plain loop has it at ${expected[c]}`);
    }
  },
);

report(json, { job: 'k-means', seconds, answer: spread, threads: sc.threads, plainSeconds, centres }, () => [
  ...centres.map(([x, y]) => `${x.toFixed(4).padStart(10)}${y.toFixed(4).padStart(10)}`),
  `mean squared distance from the centres ${spread.toFixed(4)}, of ${points} points after ${rounds} rounds`,
]);
