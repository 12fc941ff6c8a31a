// Groups of shuffles whose rows are more than a task may hold. A first pass over the runs finds the groups, in order of first
// appearance over all inputs in turn, and their sizes; a second one writes each row's group and value to a file, by ranges of
// groups that fit; then range after range is read, put together and given. So the groups, and the values within them, come in
// the same order as from memory. What is held are all keys, and the groups of one range: one at least.

import { preparePairs, readPairs } from '../codec/column.js';
import { KeyIndex } from '../codec/key-index.js';
import { loadedRuns, readKeys, readRows } from '../shuffle/reader.js';
import { type Run, rowBytes } from '../shuffle/run.js';
import type { BlockPlace } from '../storage/block-file.js';
import type { SpillFile } from '../storage/spill-files.js';
import type { TaskContext } from './pipeline.js';
import { roomForRows, taskFile } from './spill.js';

/** Bytes of rows that wait to be written, of all ranges together. */
const WAITING_BYTES = 1 << 23;

interface Range {
  readonly firstGroup: number;
  readonly blocks: { readonly input: number; readonly place: BlockPlace }[];
  groups: number[];
  values: unknown[];
}

/** Whether the rows of these inputs are more than the task may hold. */
export function areMoreThanRoom(task: TaskContext, inputs: readonly (readonly Run[])[]): boolean {
  let bytes = 0;
  for (const runs of inputs) for (const run of runs) bytes += rowBytes(run);
  return bytes > roomForRows(task);
}

export class GroupRanges {
  private readonly index = new KeyIndex();
  private readonly ranges: Range[] = [];
  private given = 0;
  private file: SpillFile | undefined;

  /** Throws HEDDLE_SPILL. */
  constructor(
    private readonly task: TaskContext,
    private readonly inputs: readonly (readonly Run[])[],
  ) {
    const rangeOf = this.cut();
    this.file = taskFile(task);
    try {
      this.spread(rangeOf);
      this.file.close();
    } catch (error) {
      this.close();
      throw error;
    }
    task.metrics.bytesSpilled += this.file.bytes;
  }

  /** The next groups: their keys, and for each its values of each input. */
  next(): { readonly keys: unknown[]; readonly groups: unknown[][][] } | null {
    const range = this.ranges[this.given++];
    if (range === undefined) return null;
    const { env } = this.task;
    const { firstGroup, blocks } = range;
    const keys = this.index.keys.slice(firstGroup, this.ranges[this.given]?.firstGroup);
    const groups: unknown[][][] = keys.map(() => this.inputs.map(() => []));
    for (const { input, place } of blocks) {
      env.checkCancelled();
      const { keys: numbers, values, rows } = readPairs(env.store.spill!.read(place));
      for (let i = 0; i < rows; i++) groups[(numbers[i] as number) - firstGroup]![input]!.push(values[i]);
    }
    return { keys, groups };
  }

  close(): void {
    this.file?.discard();
    this.file = undefined;
  }

  /** Cuts the groups into ranges; gives that of each. */
  private cut(): Uint32Array {
    const { index } = this;
    const sizes: number[] = [];
    for (const runs of this.inputs) {
      for (const run of this.loaded(runs)) {
        const keys = readKeys(this.task.env.heap, run);
        const bytes = rowBytes(run) / run.rows;
        for (let i = 0; i < run.rows; i++) {
          const group = index.findOrAdd(keys[i]);
          sizes[group] = (group === sizes.length ? 0 : sizes[group]!) + bytes;
        }
      }
    }
    const most = roomForRows(this.task);
    const rangeOf = new Uint32Array(sizes.length);
    let held = Number.POSITIVE_INFINITY;
    for (let group = 0; group < sizes.length; group++) {
      held += sizes[group]!;
      if (held > most) {
        this.ranges.push({ firstGroup: group, blocks: [], groups: [], values: [] });
        held = sizes[group]!;
      }
      rangeOf[group] = this.ranges.length - 1;
    }
    return rangeOf;
  }

  private spread(rangeOf: Uint32Array): void {
    for (const [input, runs] of this.inputs.entries()) {
      let waiting = 0;
      for (const run of this.loaded(runs)) {
        const { keys, values, rows } = readRows(this.task.env.heap, run);
        for (let i = 0; i < rows; i++) {
          const group = this.index.findOrAdd(keys[i]);
          const range = this.ranges[rangeOf[group]!]!;
          range.groups.push(group);
          range.values.push(values[i]);
        }
        waiting += rowBytes(run);
        if (waiting < WAITING_BYTES) continue;
        this.write(input);
        waiting = 0;
      }
      this.write(input);
    }
  }

  private *loaded(runs: readonly Run[]): Generator<Run, void> {
    const { env } = this.task;
    for (const run of loadedRuns(env.store, runs, 'own')) {
      env.checkCancelled();
      yield run;
    }
  }

  private write(input: number): void {
    for (const range of this.ranges) {
      if (range.groups.length === 0) continue;
      const column = preparePairs(range.groups, range.values);
      const bytes = new Uint8Array(column.byteLength);
      column.write(bytes);
      range.blocks.push({ input, place: this.file!.append(bytes) });
      range.groups = [];
      range.values = [];
    }
  }
}
