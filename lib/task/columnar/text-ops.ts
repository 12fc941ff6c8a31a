// The methods of strings over bytes of a workspace: what compiled loops call. A text is two offsets. Where an answer would
// need more than the bytes (characters beyond ASCII in another case, say, or a part that is not there), `failed` is set and
// what is returned means nothing: the whole batch goes the other way.

const SPACES = /^\s$/;

export class TextOps {
  /** Set by what cannot be told from the bytes. */
  failed = false;
  /** Set with it where smaller batches would do: there was no room. */
  crowded = false;
  /** Whether all text of the batch is ASCII. */
  ascii = true;
  /** The next free byte for text that is made. */
  top = 0;
  /** Where the last text that was made starts. */
  from = 0;

  private readonly decoder: Buffer;

  /** Text that is made may go up to `limit`. */
  constructor(
    readonly u8: Uint8Array,
    private readonly limit: number,
  ) {
    this.decoder = Buffer.from(u8.buffer, u8.byteOffset, u8.length);
  }

  text(s: number, e: number): string {
    return this.decoder.toString(this.ascii ? 'latin1' : 'utf8', s, e);
  }

  /** Whether a text is ASCII, which many methods need to be done on bytes. */
  private plain(s: number, e: number): boolean {
    if (this.ascii) return true;
    const { u8 } = this;
    for (let i = s; i < e; i++) {
      if (u8[i]! >= 128) {
        this.failed = true;
        return false;
      }
    }
    return true;
  }

  needAscii(s: number, e: number): void {
    this.plain(s, e);
  }

  /** In UTF-16 code units. */
  length(s: number, e: number): number {
    if (this.ascii) return e - s;
    const { u8 } = this;
    let units = 0;
    for (let i = s; i < e; i++) {
      const byte = u8[i]!;
      if ((byte & 0xc0) !== 0x80) units += byte >= 0xf0 ? 2 : 1;
    }
    return units;
  }

  trimStart(s: number, e: number): number {
    const { u8 } = this;
    let at = s;
    while (at < e && isSpace(u8[at]!)) at++;
    // It may be white space beyond ASCII.
    if (at < e && u8[at]! >= 128) this.beyond(at, e, 1);
    return at;
  }

  trimEnd(s: number, e: number): number {
    const { u8 } = this;
    let at = e;
    while (at > s && isSpace(u8[at - 1]!)) at--;
    if (at > s && u8[at - 1]! >= 128) this.beyond(s, at, -1);
    return at;
  }

  /** Whether the first (or last) character, which is beyond ASCII, is white space: then bytes do not do. */
  private beyond(s: number, e: number, side: 1 | -1): void {
    const text = this.decoder.toString('utf8', side === 1 ? s : Math.max(s, e - 4), side === 1 ? Math.min(e, s + 4) : e);
    if (SPACES.test(side === 1 ? text[0]! : text[text.length - 1]!)) this.failed = true;
  }

  equals(s: number, e: number, t: number, f: number): boolean {
    return e - s === f - t && this.matches(s, t, f);
  }

  private matches(s: number, t: number, f: number): boolean {
    const { u8 } = this;
    for (let i = t, at = s; i < f; i++, at++) if (u8[at] !== u8[i]) return false;
    return true;
  }

  /** Whether one text comes before another, by code units. */
  before(s: number, e: number, t: number, f: number): boolean {
    const { u8 } = this;
    const n = Math.min(e - s, f - t);
    let i = 0;
    while (i < n && u8[s + i] === u8[t + i]) i++;
    if (i === n) return e - s < f - t;
    const [a, b] = [u8[s + i]!, u8[t + i]!];
    // Bytes order as code points do; code units put what is past U+FFFF (0xf0 and up) before U+E000 to U+FFFF (0xee, 0xef).
    if ((a >= 0xf0 && b < 0xf0 && b >= 0xee) || (b >= 0xf0 && a < 0xf0 && a >= 0xee)) this.failed = true;
    return a < b;
  }

  /** The byte at which one text begins in another from byte `from` on, or -1. */
  private find(s: number, e: number, t: number, f: number, from: number): number {
    const last = e - (f - t);
    const { u8 } = this;
    if (t === f) return from;
    const first = u8[t]!;
    for (let at = from; at <= last; at++) if (u8[at] === first && this.matches(at, t, f)) return at;
    return s - 1;
  }

  indexOf(s: number, e: number, t: number, f: number, position = 0): number {
    if (!this.plain(s, e)) return -1;
    const from = s + Math.min(Math.max(toInteger(position), 0), e - s);
    return this.find(s, e, t, f, from) - s;
  }

  lastIndexOf(s: number, e: number, t: number, f: number): number {
    if (!this.plain(s, e)) return -1;
    for (let at = e - (f - t); at >= s; at--) if (this.matches(at, t, f)) return at - s;
    return -1;
  }

  includes(s: number, e: number, t: number, f: number, position = 0): boolean {
    if (position !== 0) return this.indexOf(s, e, t, f, position) >= 0;
    return this.find(s, e, t, f, s) >= s;
  }

  startsWith(s: number, e: number, t: number, f: number, position = 0): boolean {
    let from = s;
    if (position !== 0) {
      if (!this.plain(s, e)) return false;
      from = s + Math.min(Math.max(toInteger(position), 0), e - s);
    }
    return e - from >= f - t && this.matches(from, t, f);
  }

  endsWith(s: number, e: number, t: number, f: number): boolean {
    return e - s >= f - t && this.matches(e - (f - t), t, f);
  }

  charCodeAt(s: number, e: number, position = 0): number {
    if (!this.plain(s, e)) return Number.NaN;
    const at = toInteger(position);
    return at < 0 || at >= e - s ? Number.NaN : this.u8[s + at]!;
  }

  /** slice() and substring() as two calls: where the result starts, then where it ends. */
  sliceStart(s: number, e: number, start = 0): number {
    if (!this.plain(s, e)) return s;
    const at = toInteger(start);
    return at < 0 ? Math.max(s, e + at) : Math.min(s + at, e);
  }

  sliceEnd(s: number, e: number, from: number, end = Number.POSITIVE_INFINITY): number {
    const at = toInteger(end);
    return Math.max(from, at < 0 ? Math.max(s, e + at) : Math.min(s + at, e));
  }

  substringStart(s: number, e: number, start: number, end = Number.POSITIVE_INFINITY): number {
    if (!this.plain(s, e)) return s;
    return s + Math.min(clamp(start, e - s), clamp(end, e - s));
  }

  substringEnd(s: number, e: number, start: number, end = Number.POSITIVE_INFINITY): number {
    return s + Math.max(clamp(start, e - s), clamp(end, e - s));
  }

  charAtStart(s: number, e: number, position = 0): number {
    if (!this.plain(s, e)) return s;
    const at = toInteger(position);
    return at < 0 || at >= e - s ? e : s + at;
  }

  charAtEnd(e: number, from: number): number {
    return from < e ? from + 1 : e;
  }

  // ---- text that is made: it starts at `from` and ends at `top`

  lower(s: number, e: number): void {
    this.mapBytes(s, e, 65, 90, 32);
  }

  upper(s: number, e: number): void {
    this.mapBytes(s, e, 97, 122, -32);
  }

  private mapBytes(s: number, e: number, first: number, last: number, by: number): void {
    this.begin();
    if (!this.plain(s, e) || !this.room(e - s)) return;
    const { u8 } = this;
    let out = this.top;
    for (let i = s; i < e; i++) {
      const byte = u8[i]!;
      u8[out++] = byte >= first && byte <= last ? byte + by : byte;
    }
    this.top = out;
  }

  /** Each byte of a set, or each run of them, as the text [t, f). */
  replaceSet(s: number, e: number, set: number, runs: boolean, t: number, f: number): void {
    this.begin();
    let from = s;
    for (let at = this.setEnd(e, set, s); at < e; at = this.setEnd(e, set, from)) {
      this.append(from, at);
      this.append(t, f);
      from = this.behind(e, set, runs, at);
    }
    this.append(from, e);
  }

  /** The text [t, f), wherever it is, as the text [u, v). */
  replaceText(s: number, e: number, t: number, f: number, u: number, v: number): void {
    this.begin();
    let from = s;
    for (let at = this.find(s, e, t, f, s); at >= s; at = this.find(s, e, t, f, from)) {
      this.append(from, at);
      this.append(u, v);
      from = at + (f - t);
    }
    this.append(from, e);
  }

  begin(): void {
    this.from = this.top;
  }

  append(s: number, e: number): void {
    if (!this.room(e - s)) return;
    this.u8.copyWithin(this.top, s, e);
    this.top += e - s;
  }

  appendNumber(x: number): void {
    const digits = String(x);
    if (!this.room(digits.length)) return;
    const { u8 } = this;
    for (let i = 0; i < digits.length; i++) u8[this.top + i] = digits.charCodeAt(i);
    this.top += digits.length;
  }

  private room(bytes: number): boolean {
    if (this.top + bytes <= this.limit) return true;
    this.failed = true;
    this.crowded = true;
    return false;
  }

  // ---- parts: what split() gives, by place. The separator is bytes [t, f), or a set of 256 bytes at t.

  partStart(s: number, e: number, t: number, f: number, index: number): number {
    let at = s;
    for (let part = 0; part < index; part++) {
      at = this.find(s, e, t, f, at);
      if (at < s) {
        this.failed = true;
        return e;
      }
      at += f - t;
    }
    return at;
  }

  partEnd(e: number, t: number, f: number, from: number): number {
    const at = this.find(from, e, t, f, from);
    return at < from ? e : at;
  }

  parts(s: number, e: number, t: number, f: number): number {
    let count = 1;
    for (let at = this.find(s, e, t, f, s); at >= s; at = this.find(s, e, t, f, at + (f - t))) count++;
    return count;
  }

  setPartStart(s: number, e: number, set: number, runs: boolean, index: number): number {
    let at = s;
    for (let part = 0; part < index; part++) {
      at = this.setEnd(e, set, at);
      if (at === e) {
        this.failed = true;
        return e;
      }
      at = this.behind(e, set, runs, at);
    }
    return at;
  }

  setEnd(e: number, set: number, from: number): number {
    const { u8 } = this;
    let at = from;
    while (at < e && u8[set + u8[at]!] === 0) at++;
    return at;
  }

  setParts(s: number, e: number, set: number, runs: boolean): number {
    let count = 1;
    for (let at = this.setEnd(e, set, s); at < e; at = this.setEnd(e, set, this.behind(e, set, runs, at))) count++;
    return count;
  }

  /** Where what separates a part from the next one starts. */
  separatorStart(s: number, e: number, set: number, runs: boolean, index: number): number {
    const at = this.setEnd(e, set, this.setPartStart(s, e, set, runs, index));
    if (at === e) this.failed = true;
    return at;
  }

  /** Where the separator that starts at `at` ends. */
  behind(e: number, set: number, runs: boolean, at: number): number {
    const { u8 } = this;
    let next = at + 1;
    if (runs) while (next < e && u8[set + u8[next]!] !== 0) next++;
    return next;
  }

  // ---- numbers

  /** Number(text). Up to fifteen digits with a point are exact by one division (Clinger, 1990); the rest is JavaScript's. */
  number(s: number, e: number): number {
    const { u8 } = this;
    let at = s;
    const negative = at < e && u8[at] === 45;
    if (negative) at++;
    const first = at;
    let digits = 0;
    let value = 0;
    let scale = 0;
    let point = false;
    for (; at < e; at++) {
      const byte = u8[at]!;
      if (byte >= 48 && byte <= 57) {
        value = value * 10 + (byte - 48);
        digits++;
        if (point) scale++;
      } else if (byte === 46 && !point) point = true;
      else break;
    }
    if (at === e && digits > 0 && e - first <= 16 && digits <= 15) {
      const exact = scale === 0 ? value : value / POWERS[scale]!;
      return negative ? -exact : exact;
    }
    return Number(this.text(s, e));
  }

  parseFloat(s: number, e: number): number {
    return Number.parseFloat(this.text(s, e));
  }

  /** `radix` as parseInt has it: undefined for one that the text itself tells. */
  parseInt(s: number, e: number, radix?: number): number {
    return Number.parseInt(this.text(s, e), radix);
  }
}

const POWERS = Array.from({ length: 16 }, (_, i) => 10 ** i);

function isSpace(byte: number): boolean {
  return byte === 32 || (byte >= 9 && byte <= 13);
}

/** ToIntegerOrInfinity. */
function toInteger(x: number): number {
  return Number.isNaN(x) ? 0 : Math.trunc(x);
}

function clamp(x: number, length: number): number {
  return Math.min(Math.max(toInteger(x), 0), length);
}
