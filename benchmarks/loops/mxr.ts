// A shuffle as a store of M x R cells, one list of records for each pair of a map and a reduce task, in shards of one map each: what
// a concurrent hash map (DashMap) holds in engines that keep their shuffle in memory. One thread.
import { MXR } from '../jobs.js';

const SHARDS = 64;
const { maps, reducers } = MXR;

export function shuffleCells(records: number): number {
  const shards = Array.from({ length: SHARDS }, () => new Map<number, number[]>());
  const each = records / maps;
  for (let map = 0; map < maps; map++) {
    for (let i = map * each; i < (map + 1) * each; i++) {
      const cell = map * reducers + (i % reducers);
      const shard = shards[cell % SHARDS]!;
      const list = shard.get(cell);
      if (list === undefined) shard.set(cell, [1]);
      else list.push(1);
    }
  }
  let sum = 0;
  for (let reduce = 0; reduce < reducers; reduce++) {
    for (let map = 0; map < maps; map++) {
      const cell = map * reducers + reduce;
      for (const value of shards[cell % SHARDS]!.get(cell) ?? []) sum += value;
    }
  }
  return sum;
}
