// Job groups: jobs that can be called off together by a name. A group belongs to an asynchronous context: to what a function
// does and awaits, and not to what runs at the same time beside it, which a setting of the whole context would be.

import { AsyncLocalStorage } from 'node:async_hooks';
import { badArgument, HeddleError } from '../core/errors.js';

/** A job that is under way in a group. */
export interface Membership {
  /** Aborts with the job's own signal, or with its group. */
  readonly signal: AbortSignal;
  /** The job is over. */
  leave(): void;
}

export class JobGroups {
  // Made with the first group: from then on Node.js carries a context from promise to promise.
  private current: AsyncLocalStorage<string> | undefined;
  private readonly members = new Map<string, Set<AbortController>>();

  /** Runs a function whose jobs are the group's. */
  within<R>(name: unknown, body: () => R): R {
    checkName('setJobGroup(group)', name);
    if (typeof body !== 'function') throw badArgument('setJobGroup(body)', body, 'a function, whose jobs are the group');
    this.current ??= new AsyncLocalStorage();
    return this.current.run(name, body);
  }

  /** Counts in a job that starts in this asynchronous context; undefined where there is no group. */
  join(own: AbortSignal | undefined): Membership | undefined {
    const name = this.current?.getStore();
    if (name === undefined) return undefined;
    const controller = new AbortController();
    const onAbort = () => controller.abort(own!.reason);
    if (own?.aborted === true) onAbort();
    else own?.addEventListener('abort', onAbort, { once: true });
    const group = this.members.get(name) ?? new Set();
    this.members.set(name, group.add(controller));
    return {
      signal: controller.signal,
      leave: () => {
        own?.removeEventListener('abort', onAbort);
        if (group.delete(controller) && group.size === 0) this.members.delete(name);
      },
    };
  }

  /** Calls off the jobs of a group that are under way. */
  cancel(name: unknown): number {
    checkName('cancelJobGroup(group)', name);
    const group = [...(this.members.get(name) ?? [])];
    const reason = new HeddleError('HEDDLE_CANCELLED', `its group ${JSON.stringify(name)} was cancelled`, { data: { group: name } });
    for (const controller of group) controller.abort(reason);
    return group.length;
  }
}

function checkName(argument: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '') throw badArgument(argument, name, 'the name of a group');
}
