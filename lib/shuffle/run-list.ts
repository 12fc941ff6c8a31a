// The runs of a reduce id as words: map, sequence and address of each. There may be one for each map task, and thousands of tasks:
// they become objects only where somebody looks at them one by one.

/** Words of an entry: map, sequence, address. */
const WORDS = 3;

/** A list may be used again and again, by one reader at a time: its memory stays. */
export class RunList {
  private words = new Uint32Array(16 * WORDS);
  private spare = new Uint32Array(0);
  private places = new Uint32Array(0);
  private count = 0;
  private lastMap = 0;
  /** Whether there is a run with another sequence than 0. */
  private several = false;
  /** Where an entry is not behind the one before it: each stretch between is in order. */
  private readonly breaks: number[] = [];

  get length(): number {
    return this.count;
  }

  clear(): void {
    this.count = 0;
    this.lastMap = 0;
    this.several = false;
    this.breaks.length = 0;
  }

  add(map: number, sequence: number, address: number): void {
    let at = this.count * WORDS;
    if (at === this.words.length) {
      const more = new Uint32Array(2 * at);
      more.set(this.words);
      this.words = more;
    }
    const { words } = this;
    if (at > 0 && isBefore(words, at - WORDS, map, sequence)) this.breaks.push(this.count);
    if (map > this.lastMap) this.lastMap = map;
    if (sequence !== 0) this.several = true;
    words[at++] = map;
    words[at++] = sequence;
    words[at] = address;
    this.count++;
  }

  address(i: number): number {
    return this.words[i * WORDS + 2]!;
  }

  /** Sorts by map and sequence; equal ones stay in the order of adding. */
  sort(): void {
    if (this.breaks.length === 0) return;
    if (this.spare.length < this.words.length) this.spare = new Uint32Array(this.words.length);
    if (this.several || this.lastMap > 4 * this.count || !this.sortByMap()) this.merge();
    [this.words, this.spare] = [this.spare, this.words];
  }

  /** Where maps have one run each, as they have where there are many: each to its place. False where one has two. */
  private sortByMap(): boolean {
    const { words, spare, count, lastMap } = this;
    if (this.places.length <= lastMap) this.places = new Uint32Array(lastMap + 1);
    const { places } = this;
    places.fill(0, 0, lastMap + 1);
    for (let i = 1, at = 0; i <= count; i++, at += WORDS) {
      const map = words[at]!;
      if (places[map] !== 0) return false;
      places[map] = i;
    }
    for (let map = 0, to = 0; map <= lastMap; map++) {
      const place = places[map]!;
      if (place === 0) continue;
      spare[to++] = map;
      spare[to++] = 0;
      spare[to++] = words[place * WORDS - 1]!;
    }
    return true;
  }

  /**
   * A natural merge sort (D. Knuth, The Art of Computer Programming 3, 5.2.4): what each thread wrote is in order for the most
   * part, and there are few threads.
   */
  private merge(): void {
    let ends = [...this.breaks, this.count];
    while (ends.length > 1) {
      const merged: number[] = [];
      for (let i = 0, start = 0; i < ends.length; i += 2) {
        const middle = ends[i]!;
        const end = ends[i + 1] ?? middle;
        merge(this.words, this.spare, start, middle, end);
        merged.push(end);
        start = end;
      }
      ends = merged;
      if (ends.length > 1) [this.words, this.spare] = [this.spare, this.words];
    }
  }
}

/** Whether (map, sequence) is before the entry at a word. */
function isBefore(words: Uint32Array, at: number, map: number, sequence: number): boolean {
  return map < words[at]! || (map === words[at]! && sequence < words[at + 1]!);
}

/** The entries [start, middle) and [middle, end) of one array, each in order, as one stretch of the other. */
function merge(from: Uint32Array, to: Uint32Array, start: number, middle: number, end: number): void {
  let [a, b] = [start * WORDS, middle * WORDS];
  const [aEnd, bEnd] = [b, end * WORDS];
  for (let at = a; at < bEnd; at += WORDS) {
    const second = a === aEnd || (b < bEnd && isBefore(from, a, from[b]!, from[b + 1]!));
    const source = second ? b : a;
    to[at] = from[source]!;
    to[at + 1] = from[source + 1]!;
    to[at + 2] = from[source + 2]!;
    if (second) b += WORDS;
    else a += WORDS;
  }
}
