// On the driver: from a stack trace of a worker to the lines that the user wrote. Frames of revived closures carry the
// position in the script as V8 runs it on the driver; the script's URL and its source map do the rest.
import { isInternal } from '../../core/callsite.js';
import { originalPosition, type Position } from '../../core/sourcemap.js';
import { analyseSource } from './analyse.js';
import { inspectFunction, scriptInfo } from './inspect.js';
import { lineColumn, sourceStart } from './place.js';
import { closureById, originalOf } from './registry.js';
import type { FunctionNode, ShippedClosure } from './types.js';

export interface Frame extends Position {
  /** The function's name as the stack trace has it; '' for none. */
  readonly functionName: string;
  /** Set when the frame is code of a shipped closure. */
  readonly closure: number | undefined;
  /** Code of Heddle or of Node, which is between the user's own frames. */
  readonly internal: boolean;
}

const FRAME = /^\s*at (?:(.*?) \()?(?:(heddle-closure:(\d+)\/(\d+))|([^\s()][^()]*?)):(\d+):(\d+)\)?$/;

/** The frames of a stack trace, innermost first; lines that are no frames are left out. */
export function mapFrames(stack: string): Frame[] {
  const frames: Frame[] = [];
  for (const line of stack.split('\n')) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const [, functionName = '', , id, node, file = '', atLine, atColumn] = match;
    const position = { line: Number(atLine), column: Number(atColumn) };
    const place =
      id === undefined
        ? { closure: undefined, internal: isInternal(file), ...filePosition(file, position) }
        : { closure: Number(id), internal: false, ...closurePosition(Number(id), Number(node), position) };
    frames.push({ functionName, ...place });
  }
  return frames;
}

/**
 * TypeScript runs in a worker only with source maps on, and Node gives mapped frames as paths, others as URLs: such a frame is
 * the author's already, and would be moved a second time.
 */
function filePosition(file: string, { line, column }: { line: number; column: number }): Position {
  const isMapped = !file.startsWith('file:') && /\.[cm]?tsx?$/.test(file);
  return isMapped ? { file, line, column } : originalPosition(file, line, column);
}

/** The stack trace with each frame at the author's position; lines that are no frames stay as they are. */
export function mapStack(stack: string): string {
  return stack
    .split('\n')
    .map(line => {
      const [frame] = mapFrames(line);
      if (frame === undefined) return line;
      const where = `${frame.file}:${frame.line}:${frame.column}`;
      return frame.functionName === '' ? `    at ${where}` : `    at ${frame.functionName} (${where})`;
    })
    .join('\n');
}

/** Where the closure itself was written, or what is at an offset of its source. */
export function closurePlace(closure: ShippedClosure, offset = 0): Position | undefined {
  const node = closure.nodes[closure.entry];
  if (node?.kind !== 'function') return undefined;
  const start = locate(closure, closure.entry, node);
  if (start === undefined) return undefined;
  const { line, column } = lineColumn(node.source, offset);
  return mapScript(start.script, start.line + line + 1, (line === 0 ? start.column : 0) + column + 1);
}

function closurePosition(id: number, index: number, { line, column }: { line: number; column: number }): Position {
  const closure = closureById(id);
  const node = closure?.nodes[index];
  const unknown = { file: `heddle-closure:${id}/${index}`, line, column };
  if (closure === undefined || node?.kind !== 'function') return unknown;
  if (node.script !== '') return mapScript(node.script, line, column) ?? unknown;
  // Shipped without its place: the worker's positions count from the start of the source.
  const start = locate(closure, index, node);
  if (start === undefined) return unknown;
  return mapScript(start.script, line + start.line, line === 1 ? column + start.column : column) ?? unknown;
}

function locate(closure: ShippedClosure, index: number, node: FunctionNode): { script: string; line: number; column: number } | undefined {
  if (node.script !== '') return node;
  const original = index === closure.entry ? originalOf(closure) : undefined;
  const analysis = analyseSource(node.source);
  if (original === undefined || analysis === undefined) return undefined;
  const { location } = inspectFunction(original);
  return { script: location.script, ...sourceStart(location, node.source, analysis) };
}

function mapScript(script: string, line: number, column: number): Position | undefined {
  const info = scriptInfo(script);
  return info && originalPosition(info.url, line, column, info.mapUrl);
}
