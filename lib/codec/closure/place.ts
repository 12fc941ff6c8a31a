// Where in its script a function's source text starts, and where that is in the file its author wrote.
import { originalPosition, type Position } from '../../core/sourcemap.js';
import type { FunctionAnalysis } from './analyse.js';
import { type FunctionLocation, scriptInfo } from './inspect.js';

const LINE_END = /\r\n|[\n\r\u2028\u2029]/g;

/** Line and column (0-based) of an offset in a text. */
export function lineColumn(text: string, offset: number): { line: number; column: number } {
  let line = 0;
  let from = 0;
  for (const match of text.matchAll(LINE_END)) {
    const next = match.index + match[0].length;
    if (next > offset) break;
    line++;
    from = next;
  }
  return { line, column: offset - from };
}

/** The offset at which a line (0-based) starts. */
export function lineStart(text: string, line: number): number {
  if (line === 0) return 0;
  let left = line;
  for (const match of text.matchAll(LINE_END)) if (--left === 0) return match.index + match[0].length;
  return text.length;
}

/**
 * Where the source starts, from where V8 says the function is (the parenthesis of its parameters). When that is on a
 * later line (a class with a constructor) the column of the first line cannot be known and is taken as 0.
 */
export function sourceStart(location: FunctionLocation, source: string, analysis: FunctionAnalysis): { line: number; column: number } {
  const anchor = lineColumn(source, analysis.anchor);
  return { line: location.line - anchor.line, column: anchor.line === 0 ? location.column - anchor.column : 0 };
}

/** The author's position of an offset in a function's source. */
export function authorsPosition(
  location: FunctionLocation,
  source: string,
  analysis: FunctionAnalysis,
  offset: number,
): Position | undefined {
  const info = location.script === '' ? undefined : scriptInfo(location.script);
  if (info === undefined) return undefined;
  const start = sourceStart(location, source, analysis);
  const at = lineColumn(source, offset);
  const line = start.line + at.line + 1;
  const column = (at.line === 0 ? start.column : 0) + at.column + 1;
  return originalPosition(info.url || 'evaluated code', line, column, info.mapUrl);
}
