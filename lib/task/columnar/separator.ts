// What split() is called with, as what a kernel can look for: a string, or a set of bytes.

import { isWholeText } from '../../codec/whole-text.js';
import type { Separator } from './plan.js';

const SPACE = [9, 10, 11, 12, 13, 32];
const DIGITS = between('0', '9');
const WORD = [...DIGITS, ...between('a', 'z'), ...between('A', 'Z'), '_'.charCodeAt(0)];
const BEYOND = Array.from({ length: 128 }, (_, i) => 128 + i);

const CLASSES: Readonly<Record<string, readonly number[]>> = { s: SPACE, d: DIGITS, w: WORD, t: [9], n: [10], v: [11], f: [12], r: [13] };

function between(first: string, last: string): number[] {
  const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)];
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** The separator that a string is; undefined for one that bytes cannot find. */
export function stringSeparator(text: string): Separator | undefined {
  return text === '' || !isWholeText(text) ? undefined : { kind: 'string', text };
}

type SetSeparator = Separator & { readonly kind: 'set' };

/** The separator that a regular expression is: one character or class, with `+` or without; undefined for any other. */
export function regexSeparator(source: string, flags: string): SetSeparator | undefined {
  if (!/^[gimsy]*$/.test(flags) || flags.includes('y')) return undefined;
  const reader = new SetReader(source);
  const set = reader.atom();
  if (set === undefined) return undefined;
  const runs = reader.take('+');
  if (!reader.ended) return undefined;
  const bytes = new Set(set.bytes);
  if (flags.includes('i')) {
    // Without the flag u no character beyond ASCII is the same as one of ASCII in another case. What is outside a class is so in
    // both cases.
    for (const byte of set.bytes) {
      const letter = String.fromCharCode(byte);
      if (!/[a-z]/i.test(letter)) continue;
      const cases = [letter.toLowerCase().charCodeAt(0), letter.toUpperCase().charCodeAt(0)];
      if (!set.negated) for (const one of cases) bytes.add(one);
      else if (!cases.every(one => set.bytes.has(one))) bytes.delete(byte);
    }
  }
  // A character beyond ASCII is several bytes: as separators they are one only where a run is.
  const asciiOnly = set.asciiOnly || (set.negated && !runs);
  return { kind: 'set', bytes: [...bytes].sort((a, b) => a - b), runs, asciiOnly };
}

/** As regexSeparator, where all of it is captured. */
export function capturingSeparator(source: string, flags: string): SetSeparator | undefined {
  return source.startsWith('(') && source.endsWith(')') ? regexSeparator(source.slice(1, -1), flags) : undefined;
}

/** What a regular expression looks for that is text of two characters or more, or is bound to an end of the text. */
export interface Literal {
  readonly text: string;
  readonly atStart: boolean;
  readonly atEnd: boolean;
}

/** The text that a regular expression is; undefined for any other. */
export function literalOf(source: string, flags: string): Literal | undefined {
  const atStart = source.startsWith('^');
  const rest = atStart ? source.slice(1) : source;
  const atEnd = /[^\\]\$$/.test(rest);
  const escaped = atEnd ? rest.slice(0, -1) : rest;
  // Characters that mean themselves, and escapes of those that would not.
  if (!/^[gs]*$/.test(flags) || !/^(?:[^\\.^$|?*+()[\]{}]|\\[^A-Za-z0-9])+$/.test(escaped)) return undefined;
  const text = escaped.replace(/\\(.)/gs, '$1');
  return stringSeparator(text) === undefined ? undefined : { text, atStart, atEnd };
}

/** What separates the matches of a regular expression for runs of a class: all that is not in it. */
export function matchSeparator(source: string, flags: string): SetSeparator | undefined {
  const set = flags.includes('g') ? regexSeparator(source, flags) : undefined;
  if (set?.runs !== true) return undefined;
  const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter(byte => !set.bytes.includes(byte));
  return { ...set, bytes };
}

/** What replace() with a regular expression takes away; where nothing comes in its place, a run of them is as good as each. */
export function replacedSet(source: string, flags: string, replacement: string): SetSeparator | undefined {
  if (!flags.includes('g')) return undefined;
  const set = regexSeparator(source, flags);
  if (set === undefined || replacement !== '' || set.runs) return set;
  return regexSeparator(`${source}+`, flags);
}

interface ByteSet {
  readonly bytes: ReadonlySet<number>;
  readonly negated: boolean;
  readonly asciiOnly: boolean;
}

class SetReader {
  private at = 0;
  constructor(private readonly source: string) {}

  get ended(): boolean {
    return this.at === this.source.length;
  }

  take(text: string): boolean {
    if (!this.source.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  atom(): ByteSet | undefined {
    if (this.take('[')) return this.members();
    for (const letter of ['S', 'D', 'W']) {
      if (this.take(`\\${letter}`)) return negation(new Set(CLASSES[letter.toLowerCase()]), letter === 'S');
    }
    // What means something else in a regular expression, or the end of it.
    if ('.^$|?*+(){}'.includes(this.source[this.at] ?? '')) return undefined;
    const from = this.at;
    const one = this.one();
    return one && plain(one, this.source.slice(from, this.at));
  }

  private members(): ByteSet | undefined {
    const negated = this.take('^');
    const bytes = new Set<number>();
    const from = this.at;
    while (!this.take(']')) {
      const one = this.one();
      if (one === undefined) return undefined;
      if (one.length === 1 && this.source[this.at] === '-' && this.source[this.at + 1] !== ']') {
        this.at++;
        const last = this.one();
        if (last?.length !== 1) return undefined;
        for (let byte = one[0]!; byte <= last[0]!; byte++) bytes.add(byte);
      } else for (const byte of one) bytes.add(byte);
    }
    const { asciiOnly } = plain([], this.source.slice(from, this.at));
    return negated ? negation(bytes, asciiOnly) : { bytes, negated, asciiOnly };
  }

  /** The bytes of a character or an escape; undefined for what is not known. */
  private one(): readonly number[] | undefined {
    const char = this.source[this.at++];
    if (char === undefined) return undefined;
    if (char !== '\\') return char.charCodeAt(0) < 128 ? [char.charCodeAt(0)] : undefined;
    const escaped = this.source[this.at++];
    if (escaped === undefined) return undefined;
    if (CLASSES[escaped] !== undefined) return CLASSES[escaped];
    return /[^A-Za-z0-9]/.test(escaped) && escaped.charCodeAt(0) < 128 ? [escaped.charCodeAt(0)] : undefined;
  }
}

function negation(bytes: ReadonlySet<number>, asciiOnly: boolean): ByteSet {
  const others = Array.from({ length: 128 }, (_, byte) => byte).filter(byte => !bytes.has(byte));
  return { bytes: new Set([...others, ...BEYOND]), negated: true, asciiOnly };
}

/** \s has characters beyond ASCII. */
function plain(bytes: readonly number[], source: string): ByteSet {
  return { bytes: new Set(bytes), negated: false, asciiOnly: source.includes('\\s') };
}
