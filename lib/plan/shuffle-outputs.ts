// Where the output of each map partition is: the map output tracker.
//
// What a thread of this process writes is in the heap, whose commit slots say what is done; it stays there as long as its shuffle.
// What another executor writes is gone with it: it is booked here, by the executor that has it.
import { type ExecutorId, LOCAL_EXECUTOR, type ShuffleId, type StageId } from '../core/ids.js';
import type { LostOutput } from '../scheduler/messages.js';
import type { StageOutputs } from '../scheduler/request.js';
import { addSizes } from '../shuffle/sizes.js';
import type { ShuffleRef, ShuffleStore } from '../shuffle/store.js';
import type { TaskResult, TaskSpec } from '../task/spec.js';
import type { FailedFetch } from '../transport/contract.js';

/** The attempt whose output counts, and who has it. */
export interface MapOutputLocation {
  readonly executor: ExecutorId;
  readonly token: number;
}

interface RemoteShuffle {
  readonly stage: StageId;
  /** Rises with every change. */
  version: number;
  readonly locations: Map<number, MapOutputLocation>;
  /** About how many bytes of each reduce id an executor has, as far as it has lost nothing since. */
  readonly sizes: Map<ExecutorId, Float64Array>;
}

export class ShuffleOutputs implements StageOutputs<TaskSpec, TaskResult> {
  /** Those of which other executors have a part. */
  private readonly shuffles = new Map<ShuffleId, RemoteShuffle>();
  /** The same by executor: losing one costs what it has. */
  private readonly held = new Map<ExecutorId, Map<ShuffleId, Set<number>>>();

  /** `freed` hears of shuffles that nobody can reach any more. */
  constructor(
    private readonly store: ShuffleStore,
    private readonly freed: (shuffle: ShuffleId) => void = () => {},
  ) {}

  isDone(ref: ShuffleRef, map: number): boolean {
    return this.store.isDone(ref, map) || this.locations(ref.id).has(map);
  }

  /** Whether an executor other than this process has any of it. */
  canBeLost(ref: ShuffleRef): boolean {
    return this.locations(ref.id).size > 0;
  }

  /** By map partition; without those in the heap of this process. */
  locations(shuffle: ShuffleId): ReadonlyMap<number, MapOutputLocation> {
    return this.shuffles.get(shuffle)?.locations ?? NONE;
  }

  /** Rises whenever the locations change. */
  version(shuffle: ShuffleId): number {
    return this.shuffles.get(shuffle)?.version ?? 0;
  }

  /** About how many bytes each executor has, by reduce id; without those in the heap of this process. */
  sizes(shuffle: ShuffleId): ReadonlyMap<ExecutorId, Float64Array> {
    return this.shuffles.get(shuffle)?.sizes ?? NONE_OF_ANY;
  }

  accepted({ stage, partition, token, output }: TaskSpec, executor: ExecutorId, { winner, sizes }: TaskResult): void {
    if (output === null || executor === LOCAL_EXECUTOR) return;
    const shuffle = this.register(output.id, stage as StageId, partition, { executor, token: winner ?? token });
    if (sizes === undefined) return;
    let held = shuffle.sizes.get(executor);
    if (held === undefined) shuffle.sizes.set(executor, (held = new Float64Array(output.reducers)));
    addSizes(held, sizes);
  }

  executorLost(executor: ExecutorId): LostOutput[] {
    const lost: LostOutput[] = [];
    for (const [shuffle, maps] of this.held.get(executor) ?? []) {
      const known = this.shuffles.get(shuffle)!;
      for (const map of maps) known.locations.delete(map);
      known.sizes.delete(executor);
      known.version++;
      lost.push({ stage: known.stage, partitions: [...maps] });
    }
    this.held.delete(executor);
    return lost;
  }

  /** What has moved elsewhere since the fetch began is not lost. */
  fetchFailed({ shuffle, executor, maps }: FailedFetch): LostOutput[] {
    const known = this.held.get(executor)?.get(shuffle);
    if (known === undefined) return [];
    const partitions = (maps ?? [...known]).filter(map => known.has(map));
    const remote = this.shuffles.get(shuffle)!;
    for (const map of partitions) {
      known.delete(map);
      remote.locations.delete(map);
    }
    remote.sizes.delete(executor); // what it has left nobody knows
    remote.version++;
    return partitions.length === 0 ? [] : [{ stage: remote.stage, partitions }];
  }

  /** Forgets a shuffle that nobody can reach any more, and gives back its memory. */
  free(ref: ShuffleRef): void {
    for (const { executor } of this.locations(ref.id).values()) this.held.get(executor)!.delete(ref.id);
    this.shuffles.delete(ref.id);
    this.store.free(ref);
    this.freed(ref.id);
  }

  private register(id: ShuffleId, stage: StageId, map: number, location: MapOutputLocation): RemoteShuffle {
    let shuffle = this.shuffles.get(id);
    if (shuffle === undefined) this.shuffles.set(id, (shuffle = { stage, version: 0, locations: new Map(), sizes: new Map() }));
    const before = shuffle.locations.get(map);
    if (before !== undefined) this.held.get(before.executor)!.get(id)!.delete(map);
    shuffle.locations.set(map, location);
    shuffle.version++;
    const { executor } = location;
    let holds = this.held.get(executor);
    if (holds === undefined) this.held.set(executor, (holds = new Map()));
    const maps = holds.get(id);
    if (maps === undefined) holds.set(id, new Set([map]));
    else maps.add(map);
    return shuffle;
  }
}

const NONE: ReadonlyMap<number, MapOutputLocation> = new Map();
const NONE_OF_ANY: ReadonlyMap<ExecutorId, Float64Array> = new Map();
