// The map side for any keys and values: rows wait in arrays by reduce id until there are enough to encode as columns.

import { preparePairs } from '../codec/column.js';
import type { MapOutput } from './map-output.js';
import { type Partitioner, placing } from './partitioner.js';

/** Rows that wait before they are encoded: enough for long columns, few enough to bound the memory of a task. */
const WAITING_ROWS = 1 << 15;

export class PairWriter {
  private readonly output: MapOutput;
  private readonly place: (key: unknown) => number;
  /** By reduce id; made when there is a first row, for there may be thousands. */
  private readonly keys: unknown[][] = [];
  private readonly values: unknown[][] = [];
  private readonly partitions: number;
  private waiting = 0;

  constructor(output: MapOutput, partitioner: Partitioner) {
    this.output = output;
    this.partitions = partitioner.partitions;
    this.place = placing(partitioner);
  }

  /** Whether no row waits. */
  get isEmpty(): boolean {
    return this.waiting === 0;
  }

  /** Adds a row. Throws HEDDLE_VALUE for a key that cannot be hashed or a row that cannot be encoded. */
  put(key: unknown, value: unknown): void {
    const reduce = this.place(key);
    if (this.keys.length === 0) this.open();
    this.keys[reduce]!.push(key);
    this.values[reduce]!.push(value);
    if (++this.waiting >= WAITING_ROWS) this.flush();
  }

  private open(): void {
    for (let r = 0; r < this.partitions; r++) {
      this.keys.push([]);
      this.values.push([]);
    }
  }

  /** Encodes what waits. */
  flush(): void {
    for (let r = 0; r < this.keys.length; r++) {
      const rows = this.keys[r]!.length;
      if (rows === 0) continue;
      const pairs = preparePairs(this.keys[r]!, this.values[r]!, 0, rows);
      this.output.append(r, rows, pairs.byteLength, target => pairs.write(target));
      this.keys[r] = [];
      this.values[r] = [];
    }
    this.waiting = 0;
  }
}
