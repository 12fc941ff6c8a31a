// What the texts of options stand for, and the checks of values that several options have.

/** The number, if it is an integer in this range. */
export function integerWithin(value: unknown, least: number, most: number): number | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) return undefined;
  return value + 0; // -0 becomes 0
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** '512mb', '1.5 g' and the like in bytes. */
export function bytesFromText(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (match === null) return undefined;
  return Math.floor(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!);
}

/** Whether a value is `host:port`, with brackets around an IPv6 host. */
export function isAddress(value: unknown): value is string {
  const match = typeof value === 'string' ? /^(?:\[[\w.:%]+\]|[^\s:[\]]+):(\d{1,5})$/.exec(value) : null;
  return match !== null && Number(match[1]) < 2 ** 16;
}

/** The number that digits stand for; any other text as it is, as with all of these: whoever checks the value then refuses it. */
export function toNumber(text: string): unknown {
  return /^\s*\d+\s*$/.test(text) ? Number(text) : text;
}

export function toFraction(text: string): unknown {
  return /^\s*\d*\.?\d+\s*$/.test(text) ? Number(text) : text;
}

export function toWord(text: string): string {
  return text.trim().toLowerCase();
}

export function toBoolean(text: string): unknown {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'on' || word === 'yes' || word === '1') return true;
  if (word === 'false' || word === 'off' || word === 'no' || word === '0') return false;
  return text;
}

/** HEDDLE_SEED=42 is the seed 42, not the seed '42': one number, one stream, wherever it is written. */
export function seedFromText(text: string): unknown {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) return text;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text.trim().replace(/^\+/, ''));
}
