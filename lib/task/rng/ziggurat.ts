// Standard normal and exponential numbers by the ziggurat method with 256 layers.
// Marsaglia and Tsang, "The ziggurat method for generating random variables", J. Stat. Software 5(8), 2000; the layer and
// the place in it come from separate bits of a draw, as Doornik advises ("An improved ziggurat method", 2005).
//
// A density is covered by a base strip (with the tail) and 255 boxes, all of one area. In most draws, a point lies in the
// part of its box that is wholly under the density: one draw, one product, one comparison.

/** The only thing that a distribution needs of an Rng. */
export interface Uniform {
  uniform(): number;
}

const LAYERS = 256;

interface Ziggurat {
  /** The right edge of each layer from the bottom up, ending with 0; the first is the base strip's width as a box. */
  readonly edge: Float64Array;
  /** The density at each edge. */
  readonly height: Float64Array;
}

/** `tail` is where the base strip gives way to the tail, `area` that of one layer: the one pair that makes 256 layers end at the peak. */
function build(tail: number, area: number, density: (x: number) => number, inverse: (y: number) => number): Ziggurat {
  const edge = new Float64Array(LAYERS + 1);
  edge[0] = area / density(tail);
  edge[1] = tail;
  for (let i = 2; i < LAYERS; i++) edge[i] = inverse(area / edge[i - 1]! + density(edge[i - 1]!));
  return { edge, height: edge.map(density) };
}

const NORMAL_TAIL = 3.654152885361009;
const NORMAL = build(
  NORMAL_TAIL,
  0.004928673233974655,
  x => Math.exp(-0.5 * x * x),
  y => Math.sqrt(-2 * Math.log(y)),
);
const NORMAL_EDGE = NORMAL.edge;

const EXPONENTIAL_TAIL = 7.69711747013105;
const EXPONENTIAL = build(
  EXPONENTIAL_TAIL,
  0.003949659822581557,
  x => Math.exp(-x),
  y => -Math.log(y),
);
const EXPONENTIAL_EDGE = EXPONENTIAL.edge;

/** A number from the normal distribution of mean 0 and deviation 1. */
export function standardNormal(rng: Uniform): number {
  for (;;) {
    const draw = rng.uniform() * LAYERS;
    const layer = draw | 0;
    // The other 44 bits, spread over (-1, 1) symmetrically: odd multiples of 2^-44.
    const z = (2 * (draw - layer) - (1 - 2 ** -44)) * NORMAL_EDGE[layer]!;
    if (Math.abs(z) < NORMAL_EDGE[layer + 1]!) return z;
    if (layer === 0) return z < 0 ? -normalTail(rng) : normalTail(rng);
    if (underCurve(NORMAL, layer, Math.exp(-0.5 * z * z), rng)) return z;
  }
}

/** A number from the exponential distribution of mean 1. */
export function standardExponential(rng: Uniform): number {
  // The tail of an exponential is the same exponential further out.
  let from = 0;
  for (;;) {
    const draw = rng.uniform() * LAYERS;
    const layer = draw | 0;
    const z = (draw - layer + 2 ** -45) * EXPONENTIAL_EDGE[layer]!;
    if (z < EXPONENTIAL_EDGE[layer + 1]!) return from + z;
    if (layer === 0) from += EXPONENTIAL_TAIL;
    else if (underCurve(EXPONENTIAL, layer, Math.exp(-z), rng)) return from + z;
  }
}

/** Whether a point at random height between a layer's lower and upper edge is under the density. */
function underCurve({ height }: Ziggurat, layer: number, density: number, rng: Uniform): boolean {
  const lower = height[layer]!;
  return lower + rng.uniform() * (height[layer + 1]! - lower) < density;
}

/** Marsaglia, "Generating a variable from the tail of the normal distribution", Technometrics 6, 1964. */
function normalTail(rng: Uniform): number {
  for (;;) {
    const x = -Math.log(1 - rng.uniform()) / NORMAL_TAIL;
    const y = -Math.log(1 - rng.uniform());
    if (2 * y > x * x) return NORMAL_TAIL + x;
  }
}
