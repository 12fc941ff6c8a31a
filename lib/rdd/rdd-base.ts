// What every RDD is: a place in a lineage, and the session that can run it. The operators and the actions are added by
// the classes above it, one a kind: rows, sets, pairs, actions; rdd.ts is the last one, and what users see.

import { DRIVER_ONLY } from '../codec/closure/index.js';
import { badArgument } from '../core/errors.js';
import type { Node } from '../plan/lineage.js';
import type { RDD } from './rdd.js';
import type { Session } from './session.js';

export class RddBase {
  /** Marks what belongs to the main thread: a closure that captures it is refused. */
  readonly [DRIVER_ONLY] = 'RDD';
  /** @internal */ readonly session: Session;
  /** @internal */ readonly node: Node;

  /** @internal */
  constructor(session: Session, node: Node) {
    this.session = session;
    this.node = node;
  }

  /** @internal An RDD of the same context. */
  derive<U>(node: Node): RDD<U> {
    return new (this.constructor as new (session: Session, node: Node) => RDD<U>)(this.session, node);
  }

  /** @internal An RDD of another context has its rows in another heap. */
  checkKin(other: unknown, argument: string): void {
    if (!(other instanceof RddBase)) throw badArgument(argument, other, 'an RDD');
    if (other.session !== this.session) throw badArgument(argument, other, 'an RDD of this context (it belongs to another one)');
  }
}
