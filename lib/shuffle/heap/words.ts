// Atomic 32-bit words of the heap, by address. All other files reach Atomics through here, the ring, or the locks.

/** Loads a word with sequential consistency. */
export function loadWord(i32: Int32Array, address: number): number {
  return Atomics.load(i32, address >>> 2) >>> 0;
}

export function storeWord(i32: Int32Array, address: number, value: number): void {
  Atomics.store(i32, address >>> 2, value | 0);
}

/** Whether the word was `expected` and is now `value`. */
export function swapWord(i32: Int32Array, address: number, expected: number, value: number): boolean {
  return Atomics.compareExchange(i32, address >>> 2, expected | 0, value | 0) >>> 0 === expected >>> 0;
}

export function addWord(i32: Int32Array, address: number, value: number): number {
  return Atomics.add(i32, address >>> 2, value | 0) >>> 0;
}
