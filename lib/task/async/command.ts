// External commands: what they are called in errors and in explain().

import type { CommandSpec } from '../spec.js';

const LONGEST = 80;

/** The command as one line. */
export function describeCommand({ file, args }: CommandSpec): string {
  const text = [file, ...args.map(arg => (/^[\w./:=@%+,-]+$/.test(arg) ? arg : JSON.stringify(arg)))].join(' ');
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
