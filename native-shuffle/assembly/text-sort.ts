// Sorting ASCII strings by eight bytes at a time: those that share their first eight are sorted by the next eight, and so on,
// so a string is looked at once for each eight bytes that others share with it. Stable.
import { compareText } from './text-rows';
import { head } from './text-table';

/** Strings that share so many bytes are compared as a whole: a call inside a call for each eight would have no bound. */
const DEEPEST: u32 = 64;
const FEW: u32 = 12;

// Each thread has a module of its own, and so its own of these.
let addresses: usize = 0;
let lengths: usize = 0;
let heads: usize = 0;
let order: usize = 0;
let otherHeads: usize = 0;
let otherOrder: usize = 0;
let up = true;

/**
 * Writes the places of n ASCII strings in sorted order to `orderAt` (u32), stably. Scratch: `headsAt` and `otherHeadsAt` (u64),
 * `otherOrderAt` as `orderAt`. Eight bytes behind a string may be read.
 */
export function sortText(addressesAt: usize, lengthsAt: usize, n: u32, ascending: u32, headsAt: usize, orderAt: usize, otherHeadsAt: usize, otherOrderAt: usize): void {
  addresses = addressesAt;
  lengths = lengthsAt;
  heads = headsAt;
  order = orderAt;
  otherHeads = otherHeadsAt;
  otherOrder = otherOrderAt;
  up = ascending != 0;
  for (let i: u32 = 0; i < n; i++) store<u32>(orderAt + (<usize>i << 2), i);
  sortFrom(0, n, 0);
}

@inline function placeOf(i: u32): usize {
  return <usize>load<u32>(order + (<usize>i << 2)) << 2;
}

@inline function headAt(i: u32): u64 {
  return load<u64>(heads + (<usize>i << 3));
}

/** Sorts [from, to) of the order, whose strings share their first `depth` bytes, where those that end before have zeros. */
function sortFrom(from: u32, to: u32, depth: u32): void {
  for (;;) {
    let longest: u32 = 0;
    for (let i = from; i < to; i++) {
      const place = placeOf(i);
      const length = load<u32>(lengths + place);
      longest = max(longest, length);
      // What comes first in the order is less as a number.
      const own = length > depth ? bswap<u64>(head(load<u32>(addresses + place) + depth, length - depth)) : 0;
      store<u64>(heads + (<usize>i << 3), own);
    }
    if (longest <= depth) {
      // They are the same but for zeros at their ends.
      for (let i = from; i < to; i++) store<u64>(heads + (<usize>i << 3), load<u32>(lengths + placeOf(i)));
      sortHeads(from, to, false);
      return;
    }
    if (depth >= DEEPEST) {
      sortHeads(from, to, true);
      return;
    }
    sortHeads(from, to, false);
    depth += 8;
    if (headAt(from) != headAt(to - 1)) break;
  }
  for (let at = from; at < to; ) {
    let end = at + 1;
    while (end < to && headAt(end) == headAt(at)) end++;
    if (end - at > 1) sortFrom(at, end, depth);
    at = end;
  }
}

/** Sorts [from, to) by their heads, or (`whole`) as strings. */
function sortHeads(from: u32, to: u32, whole: bool): void {
  for (let at = from; at < to; at += FEW) insert(at, min(at + FEW, to), whole);
  let fromHeads = heads;
  let fromOrder = order;
  let toHeads = otherHeads;
  let toOrder = otherOrder;
  for (let width = FEW; width < to - from; width <<= 1) {
    for (let at = from; at < to; at += width << 1) {
      merge(fromHeads, fromOrder, toHeads, toOrder, at, min(at + width, to), min(at + (width << 1), to), whole);
    }
    const h = fromHeads;
    const o = fromOrder;
    fromHeads = toHeads;
    fromOrder = toOrder;
    toHeads = h;
    toOrder = o;
  }
  if (fromHeads == heads) return;
  memory.copy(heads + (<usize>from << 3), fromHeads + (<usize>from << 3), <usize>(to - from) << 3);
  memory.copy(order + (<usize>from << 2), fromOrder + (<usize>from << 2), <usize>(to - from) << 2);
}

function insert(from: u32, to: u32, whole: bool): void {
  for (let i = from + 1; i < to; i++) {
    const own = headAt(i);
    const row = load<u32>(order + (<usize>i << 2));
    let at = i;
    while (at > from && goesBefore(own, row, headAt(at - 1), load<u32>(order + (<usize>(at - 1) << 2)), whole)) {
      store<u64>(heads + (<usize>at << 3), headAt(at - 1));
      store<u32>(order + (<usize>at << 2), load<u32>(order + (<usize>(at - 1) << 2)));
      at--;
    }
    store<u64>(heads + (<usize>at << 3), own);
    store<u32>(order + (<usize>at << 2), row);
  }
}

function merge(fromHeads: usize, fromOrder: usize, toHeads: usize, toOrder: usize, at: u32, middle: u32, end: u32, whole: bool): void {
  let left = at;
  let right = middle;
  for (let out = at; out < end; out++) {
    let takesRight = false;
    if (right < end) {
      takesRight = left >= middle || goesBefore(
        load<u64>(fromHeads + (<usize>right << 3)), load<u32>(fromOrder + (<usize>right << 2)),
        load<u64>(fromHeads + (<usize>left << 3)), load<u32>(fromOrder + (<usize>left << 2)), whole,
      );
    }
    const from = takesRight ? right++ : left++;
    store<u64>(toHeads + (<usize>out << 3), load<u64>(fromHeads + (<usize>from << 3)));
    store<u32>(toOrder + (<usize>out << 2), load<u32>(fromOrder + (<usize>from << 2)));
  }
}

/** Whether one string goes before another; of level ones neither does. */
@inline function goesBefore(x: u64, a: u32, y: u64, b: u32, whole: bool): bool {
  if (!whole || x != y) return up ? x < y : x > y;
  const i = <usize>a << 2;
  const j = <usize>b << 2;
  const compared = compareText(load<u32>(addresses + i), load<u32>(lengths + i), load<u32>(addresses + j), load<u32>(lengths + j));
  return up ? compared < 0 : compared > 0;
}
