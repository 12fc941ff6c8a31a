// The rows of one input of a cogroup, as long as their keys are numbers: batches that are columns as they are, and what comes out of a
// loop in chunks of columns. Values that are not made yet stay so.

import type { Unmade } from '../codec/column.js';
import type { Numbers } from '../shuffle/left-out.js';

const FIRST_CHUNK = 64;
const LARGEST_CHUNK = 1 << 14;

export interface KeyedBatch {
  readonly keys: Numbers;
  readonly values: ArrayLike<unknown>;
  /** The values, where they are not made. */
  readonly unmade?: Unmade | undefined;
  readonly rows: number;
}

export class KeyedRows {
  readonly batches: KeyedBatch[] = [];
  /** The chunk that a loop fills; its values are in `numbers` as long as all of the input's are numbers. */
  keys = new Float64Array(FIRST_CHUNK);
  numbers: Float64Array | undefined = new Float64Array(FIRST_CHUNK);
  values: unknown[] = [];
  filled = 0;

  /** The chunk is full, or a batch follows: the next one is begun. */
  next(): void {
    const { keys, numbers, values, filled } = this;
    if (filled === 0) return;
    this.batches.push({ keys: keys.subarray(0, filled), values: numbers?.subarray(0, filled) ?? values, rows: filled });
    const room = Math.min(keys.length * 2, LARGEST_CHUNK);
    this.keys = new Float64Array(room);
    if (numbers !== undefined) this.numbers = new Float64Array(room);
    this.values = [];
    this.filled = 0;
  }

  add(key: number, value: unknown): void {
    if (this.filled === this.keys.length) this.next();
    if (this.numbers !== undefined && typeof value !== 'number') {
      this.values = Array.from(this.numbers.subarray(0, this.filled));
      this.numbers = undefined;
    }
    if (this.numbers !== undefined) this.numbers[this.filled] = value as number;
    else this.values.push(value);
    this.keys[this.filled++] = key;
  }

  addBatch(batch: KeyedBatch): void {
    this.next();
    this.batches.push(batch);
  }
}

/** Values of batches by their places, counted from one batch to the next: quick where places follow each other. */
export class PlacedValues {
  private readonly ends: number[] = [];
  /** The batch of the last place. */
  private batch: KeyedBatch | undefined;
  private start = 0;
  private end = 0;

  constructor(private readonly batches: readonly KeyedBatch[]) {
    let end = 0;
    for (const { rows } of batches) this.ends.push((end += rows));
  }

  at(place: number): unknown {
    if (place < this.start || place >= this.end) this.find(place);
    const { values, unmade } = this.batch!;
    return unmade === undefined ? values[place - this.start] : unmade.at(place - this.start);
  }

  private find(place: number): void {
    const { ends } = this;
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (ends[middle]! > place) high = middle;
      else low = middle + 1;
    }
    this.batch = this.batches[low];
    this.start = low === 0 ? 0 : ends[low - 1]!;
    this.end = ends[low]!;
  }
}
