// Pi as a plain loop on one thread.

/** How many of so many random points of the square fall inside its circle. */
export function throwPoints(trials: number): number {
  let inside = 0;
  for (let i = 0; i < trials; i++) {
    const x = Math.random() * 2 - 1;
    const y = Math.random() * 2 - 1;
    if (x * x + y * y < 1) inside++;
  }
  return inside;
}
