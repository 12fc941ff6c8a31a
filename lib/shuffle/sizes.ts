// How much a map task wrote for each reduce id, in a byte each: six steps to a doubling, so that a size is known to 12 % and none is
// too large. It is for choosing where reduce tasks run, as the sizes in Spark's MapStatus are.

/** For more reduce ids than this nobody is told: the answers of tasks would be longer than what is won. */
const MOST_SIZES = 4096;
const STEPS = 6;

/** Bytes by reduce id, unless these are too many. */
export class Sizes {
  private readonly bytes: Float64Array | undefined;

  /** 0: nobody wants to know. */
  constructor(reducers: number) {
    if (reducers > 0 && reducers <= MOST_SIZES) this.bytes = new Float64Array(reducers);
  }

  /** The reduce ids that there are sizes of: none where these are too many. */
  get length(): number {
    return this.bytes?.length ?? 0;
  }

  add(reduce: number, bytes: number): void {
    if (this.bytes !== undefined) this.bytes[reduce]! += bytes;
  }

  encoded(): Uint8Array | undefined {
    return this.bytes === undefined ? undefined : encodeSizes(this.bytes);
  }
}

export function encodeSizes(bytes: Float64Array): Uint8Array {
  return Uint8Array.from(bytes, size => (size < 1 ? 0 : Math.min(255, 1 + Math.round(STEPS * Math.log2(size)))));
}

/** Adds the sizes up. */
export function addSizes(total: Float64Array, sizes: Uint8Array): void {
  for (let i = 0; i < sizes.length; i++) if (sizes[i]! > 0) total[i]! += 2 ** ((sizes[i]! - 1) / STEPS);
}
