// Branded ids: a stage id cannot be passed where a reduce id is due. They cost nothing at run time.

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

export type RddId = Branded<'RddId'>;
export type JobId = Branded<'JobId'>;
export type StageId = Branded<'StageId'>;
export type ShuffleId = Branded<'ShuffleId'>;
/** The index of a map-side partition of a shuffle. */
export type MapId = Branded<'MapId'>;
/** The index of a reduce-side partition of a shuffle. */
export type ReduceId = Branded<'ReduceId'>;
/** A thread's index in its process, 0-based, reused when the thread is replaced. */
export type ThreadId = Branded<'ThreadId'>;

declare const executorBrand: unique symbol;
/** A process that runs tasks and keeps what they wrote for others to read. */
export type ExecutorId = string & { readonly [executorBrand]: 'ExecutorId' };
/** The process of the context itself, whose threads share its heap. */
export const LOCAL_EXECUTOR = 'local' as ExecutorId;

/** A counter of ids of one kind. */
export function idSequence<Id extends number>(from = 0): () => Id {
  let next = from;
  return () => next++ as Id;
}
