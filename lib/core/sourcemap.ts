// From a position in the code that V8 runs to the position that its author wrote. Uses the maps that Node.js already
// keeps (--enable-source-maps, tsx), else the file's own sourceMappingURL comment, else gives the position as it is.
import { readFileSync } from 'node:fs';
import { findSourceMap, SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { setWithin } from './bounded-map.js';

/** A place in a source file. Lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

const MOST_KEPT = 64;
const kept = new Map<string, SourceMap | undefined>();
/** Of code that is in no file, as JSON, or read. */
const given = new Map<string, string | SourceMap>();

/** Tells of the map of code that is in no file; its sources are URLs. */
export function giveMap(script: string, json: string): void {
  given.set(script, json);
}

/**
 * The original of a position in `script` (a file: URL or a path). `mapUrl` is the script's sourceMappingURL if the
 * caller knows it; otherwise the file is read for it.
 */
export function originalPosition(script: string, line: number, column: number, mapUrl?: string): Position {
  const plain = { file: toPath(script), line, column };
  const map = mapOf(script, mapUrl);
  if (map === undefined) return plain;
  const entry = map.findEntry(line - 1, column - 1) as Partial<SourceMapping>;
  if (entry.originalSource === undefined || entry.originalLine === undefined || entry.originalColumn === undefined) return plain;
  return { file: toPath(entry.originalSource), line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

const paths = new Map<string, string>();

/** A file: URL as a path; anything else as it is. */
export function toPath(script: string): string {
  if (!script.startsWith('file:')) return script;
  let path = paths.get(script);
  if (path === undefined) setWithin(paths, MOST_KEPT, script, (path = pathOf(script)));
  return path;
}

function pathOf(url: string): string {
  try {
    return fileURLToPath(url);
  } catch {
    return url;
  }
}

function mapOf(script: string, mapUrl: string | undefined): SourceMap | undefined {
  const known = given.get(script);
  if (known instanceof SourceMap) return known;
  if (known !== undefined) {
    const map = new SourceMap(JSON.parse(known) as SourceMapPayload);
    given.set(script, map);
    return map;
  }
  // Node has a script's map from the moment that it is loaded, or never.
  if (kept.has(script)) return kept.get(script);
  const live = findSourceMap(script) ?? findSourceMap(toPath(script));
  if (live !== undefined) return live;
  const map = readMap(script, mapUrl);
  setWithin(kept, MOST_KEPT, script, map);
  return map;
}

function readMap(script: string, known: string | undefined): SourceMap | undefined {
  if (!script.startsWith('file:') && !script.startsWith('/') && !/^[a-z]:[\\/]/i.test(script)) return undefined;
  try {
    const file = script.startsWith('file:') ? new URL(script) : pathToFileURL(script);
    const mapUrl = known || mapComment(readFileSync(file, 'utf8'));
    if (mapUrl === undefined) return undefined;
    const base = mapUrl.startsWith('data:') ? file : new URL(mapUrl, file);
    const payload = JSON.parse(mapUrl.startsWith('data:') ? dataUrlText(mapUrl) : readFileSync(base, 'utf8')) as SourceMapPayload;
    const root = payload.sourceRoot ? payload.sourceRoot.replace(/\/?$/, '/') : '';
    const sources = payload.sources.map(source => new URL(root + source, base).href);
    return new SourceMap({ ...payload, sourceRoot: '', sources });
  } catch {
    // A map that is missing or broken is no reason to fail: the position in the running code is still of use.
    return undefined;
  }
}

function mapComment(source: string): string | undefined {
  const at = Math.max(source.lastIndexOf('//# sourceMappingURL='), source.lastIndexOf('//@ sourceMappingURL='));
  return at < 0 ? undefined : /^\S+/.exec(source.slice(at + '//# sourceMappingURL='.length))?.[0];
}

function dataUrlText(url: string): string {
  const comma = url.indexOf(',');
  const body = url.slice(comma + 1);
  return url.slice(0, comma).endsWith(';base64') ? Buffer.from(body, 'base64').toString('utf8') : decodeURIComponent(body);
}
