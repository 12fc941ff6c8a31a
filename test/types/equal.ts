// Compile-time assertions: the compiler is the test runner of this folder.

/** Whether two types are one and the same. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where the type is `true`. */
export function holds<T extends true>(..._proof: T[]): void {}
