// A source of the user's own: splits, which the main thread knows, and a function that reads one of them in a thread.

import { prepareColumn } from '../codec/column.js';
import { callSite } from '../core/callsite.js';
import { badArgument } from '../core/errors.js';
import { checkOptions, MOST_PARTITIONS } from '../core/options.js';
import type { Node, SourceNode } from '../plan/lineage.js';
import { operatorNode, shipped } from './make.js';
import type { Session } from './session.js';
import type { Row } from './types.js';

export interface SourceOptions<S, T extends Row> {
  /** One for each partition: data, or a function that gives it, which is called at once. */
  readonly splits: readonly S[] | (() => readonly S[]);
  /** The rows of a split, in a thread: an array or another iterable, which is taken lazily. */
  readonly read: (split: S) => Iterable<T>;
}

export function sourceNode(session: Session, options: unknown): Node {
  if (options === null || typeof options !== 'object') throw badArgument('source(options)', options, '{ splits, read }');
  checkOptions('source(options)', options, ['splits', 'read']);
  const { splits: given, read } = options as { readonly splits: unknown; readonly read: unknown };
  const f = shipped(session, read, 'source(read)');
  const splits: unknown = typeof given === 'function' ? (given as () => unknown)() : given;
  if (!Array.isArray(splits) || splits.length > MOST_PARTITIONS) {
    throw badArgument('source(splits)', splits, `an array of at most ${MOST_PARTITIONS} splits, or a function that gives one`);
  }
  // Encoded now: a split that cannot be a record is refused here.
  const columns = Array.from({ length: splits.length }, (_, p) => {
    const column = prepareColumn(splits, p, p + 1);
    const bytes = new Uint8Array(new SharedArrayBuffer(column.byteLength));
    column.write(bytes);
    return bytes;
  });
  const source: SourceNode = {
    kind: 'source',
    id: session.nextRdd(),
    name: 'source',
    site: callSite(),
    partitions: columns.length,
    describes: `${columns.length} split${columns.length === 1 ? '' : 's'} of its own`,
    input: p => ({ kind: 'rows', column: columns[p]!, rows: 1, firstIndex: p, blockRows: 1 }),
  };
  return operatorNode(session, source, 'source', 'flatMap', f);
}
