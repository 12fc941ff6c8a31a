// The hosts file of `heddle launch`: one host a line, each with an executor.
//
//   [USER@]HOST[:SSHPORT] [threads=N] [memory=BYTES] [address=HOST[:PORT]] [node=PATH] [heddle=PATH]   # a comment
//
// What is wrong with it is an error that names file and line.
import { readFileSync } from 'node:fs';
import { HeddleError, show } from '../core/errors.js';
import { nearest } from '../core/nearest.js';
import { isAddress } from '../core/option-values.js';
import { resolveOptions } from '../core/options.js';
import { UsageError } from './usage-error.js';

export interface Host {
  /** For messages: the host, and which of its executors it is where there are several. */
  readonly name: string;
  /** Where the file names it, as file:line. */
  readonly place: string;
  /** What ssh connects to: [USER@]HOST. */
  readonly destination: string;
  readonly sshPort: number | undefined;
  readonly threads: string | undefined;
  readonly memory: string | undefined;
  /** Where the driver and other executors reach it, as host:port; port 0 is any. Undefined: where ssh has reached it. */
  readonly address: string | undefined;
  readonly node: string | undefined;
  /** The heddle command, or the folder of the package. */
  readonly heddle: string | undefined;
}

const KEYS = ['threads', 'memory', 'address', 'node', 'heddle'] as const;
type Key = (typeof KEYS)[number];

/** Reads a hosts file. Throws a UsageError that names the line. */
export function readHosts(path: string): Host[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`the hosts file cannot be read: ${(error as Error).message}`);
  }
  return parseHosts(text, path);
}

export function parseHosts(text: string, path: string): Host[] {
  const hosts: Host[] = [];
  const seen = new Map<string, number>();
  text.split(/\r?\n/).forEach((line, index) => {
    const [first, ...settings] = line
      .replace(/(^|\s)#.*$/, '')
      .split(/\s+/)
      .filter(word => word !== '');
    if (first === undefined) return;
    const place = `${path}:${index + 1}`;
    const { destination, host, sshPort } = parseDestination(first, place);
    const count = (seen.get(host) ?? 0) + 1;
    seen.set(host, count);
    hosts.push({ name: count === 1 ? host : `${host} (${count})`, place, destination, sshPort, ...parseSettings(settings, place) });
  });
  if (hosts.length === 0) throw new UsageError(`${path}: there is no host in it; a line is such as ann@10.0.0.2 threads=4`);
  return hosts;
}

function parseDestination(word: string, place: string): { destination: string; host: string; sshPort: number | undefined } {
  // Nothing that ssh could take for an option, or a shell for more than a name.
  const match = /^([\w.][\w.-]*@)?(?:\[([\w:.%]+)\]|(\w[\w.-]*))(?::(\d{1,5}))?$/.exec(word);
  const sshPort = match?.[4] === undefined ? undefined : Number(match[4]);
  if (match === null || sshPort === 0 || (sshPort ?? 0) >= 2 ** 16) {
    throw new UsageError(`${place}: expected a host first, such as ann@10.0.0.2 or node1:2222, got ${show(word)}`);
  }
  const host = match[2] ?? match[3]!;
  return { destination: `${match[1] ?? ''}${host}`, host, sshPort };
}

function parseSettings(words: readonly string[], place: string): Pick<Host, Key> {
  const settings: { [K in Key]: string | undefined } = {
    threads: undefined,
    memory: undefined,
    address: undefined,
    node: undefined,
    heddle: undefined,
  };
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, at);
    const value = word.slice(at + 1);
    if (at < 0 || !isKey(key)) {
      const meant = nearest(at < 0 ? word : key, KEYS);
      const hint = meant === undefined ? `settings are ${KEYS.map(name => `${name}=`).join(', ')}` : `did you mean ${meant}=?`;
      throw new UsageError(`${place}: ${show(word)} is no setting; ${hint}`);
    }
    if (settings[key] !== undefined) throw new UsageError(`${place}: ${key}= is there twice`);
    settings[key] = parseSetting(key, value, place);
  }
  return settings;
}

function isKey(key: string): key is Key {
  return (KEYS as readonly string[]).includes(key);
}

function parseSetting(key: Key, value: string, place: string): string {
  const refuse: (expected: string) => never = expected => {
    throw new UsageError(`${place}: ${key}: expected ${expected}, got ${show(value)}`);
  };
  if (value === '') return refuse('a value');
  switch (key) {
    case 'threads':
    case 'memory':
      try {
        resolveOptions(undefined, { [`HEDDLE_${key.toUpperCase()}`]: value });
        return value;
      } catch (error) {
        if (!(error instanceof HeddleError)) throw error;
        return refuse(String(error.data.expected));
      }
    case 'address': {
      const address = isAddress(value) ? value : `${value}:0`;
      // Through a shell too.
      if (isAddress(address) && /^[\w.:%[\]-]+$/.test(address)) return address;
      return refuse('where others reach it, such as 10.0.0.2, 10.0.0.2:7077 or [fd00::2]');
    }
    case 'node':
    case 'heddle':
      return /^[\w./~@+:,-]+$/.test(value) ? value : refuse('a path of letters, digits and ./~@+:,_-');
  }
}
