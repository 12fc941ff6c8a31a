// What Stirling's formula lacks: log k! = (k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2 + stirlingError(k).
// The form with k + 1 is that of the rejection samplers of Hörmann (1993), which compare probabilities of counts.

const EXACT = 10;

const SMALL = Float64Array.from({ length: EXACT }, (_, k) => {
  let factorial = 1;
  for (let i = 2; i <= k; i++) factorial *= i;
  return Math.log(factorial) - ((k + 0.5) * Math.log(k + 1) - (k + 1) + 0.5 * Math.log(2 * Math.PI));
});

/** The difference, to about 1e-12: `k` is an integer, 0 or above. */
export function stirlingError(k: number): number {
  if (k < EXACT) return SMALL[k]!;
  const inverse = 1 / (k + 1);
  const square = inverse * inverse;
  return (1 / 12 - (1 / 360 - (1 / 1260 - square / 1680) * square) * square) * inverse;
}
