// Actions on pairs.

import { encodeValue } from '../codec/column.js';
import { KeyIndex } from '../codec/key-index.js';
import { ActionMethods } from './action-methods.js';
import { merger } from './actions.js';
import { aggregatedInPlace, operatorNode, reducer } from './make.js';
import { partitionOfKey } from './placing.js';
import type { RDD } from './rdd.js';
import { appendRows, runForColumns, runForRows } from './results.js';
import type { ActionOptions, Pair, Widen } from './types.js';

export class PairActions<T> extends ActionMethods<T> {
  /**
   * The values of a key, in the order of the rows. Where it is known how the keys are spread over the partitions, only the
   * key's own partition runs.
   */
  async lookup<K, V>(this: RDD<Pair<K, V>>, key: K, options?: ActionOptions): Promise<V[]> {
    const { session, node } = this;
    const hasKey = { of: { builtin: 'hasKey' }, first: encodeValue(key), fresh: false } as const;
    const found = operatorNode(session, node, 'lookup', 'filter', hasKey);
    const values = operatorNode(session, found, 'lookup', 'map', { builtin: 'valueOf' });
    const action = { session, node: values, name: 'lookup', options };
    const wanted = node.partitioner === undefined ? undefined : [await partitionOfKey(action, node.partitioner, key)];
    return await runForRows<V>(action, () => ({ kind: 'collect' }), wanted);
  }

  /** All pairs as a Map; of pairs whose keys are equal by value, the first one's key and the last one's value. */
  async collectAsMap<K, V>(this: RDD<Pair<K, V>>, options?: ActionOptions): Promise<Map<K, V>> {
    const action = { session: this.session, node: this.node, name: 'collectAsMap', options };
    const index = new KeyIndex();
    const values: V[] = [];
    for (const columns of await runForColumns(action, () => ({ kind: 'collect' }))) {
      const pairs: Pair<K, V>[] = [];
      appendRows(pairs, columns);
      for (const [key, value] of pairs) values[index.findOrAdd(key)] = value;
    }
    return mapOf(index, values);
  }

  /** As reduceByKey, into a Map on the main thread: partitions combine their own rows, and nothing is shuffled. For few keys. */
  async reduceByKeyLocally<K, V>(
    this: RDD<Pair<K, V>>,
    f: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    options?: ActionOptions,
  ): Promise<Map<K, Widen<V>>> {
    const { session } = this;
    const name = 'reduceByKeyLocally';
    const aggregator = reducer(session, f, `${name}(f)`);
    const node = aggregatedInPlace(session, this.node, name, aggregator);
    const merge = await merger<Widen<V>>(aggregator.f, name);
    const index = new KeyIndex();
    const values: Widen<V>[] = [];
    for (const columns of await runForColumns({ session, node, name, options }, () => ({ kind: 'collect' }))) {
      const pairs: Pair<K, Widen<V>>[] = [];
      appendRows(pairs, columns);
      for (const [key, value] of pairs) {
        const at = index.findOrAdd(key);
        if (at === values.length) values.push(value);
        else values[at] = merge(values[at]!, value);
      }
    }
    return mapOf(index, values);
  }
}

function mapOf<K, V>({ keys }: KeyIndex, values: readonly V[]): Map<K, V> {
  return new Map(values.map((value, at) => [keys[at] as K, value]));
}
