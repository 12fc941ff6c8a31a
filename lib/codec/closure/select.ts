// `a < b ? 1 : 0` is how a closure counts, and V8 makes a branch of it: where the outcome is as good as random, as in a
// Monte Carlo trial, the processor guesses wrong a fifth of the time and half the loop's time goes there. `a < b |0`
// is the same number without a branch. (Measured on Pi, 50 M samples on one thread: 0.80 s with it, 0.60 s without.)
//
// Only where the test is a comparison, which gives a boolean whatever its operands are, and only with the literals 1
// and 0. The replacement is no longer than what it replaces, so lines and columns stay.
import type { Node } from 'estree';

const COMPARISONS = new Set(['<', '>', '<=', '>=', '==', '!=', '===', '!==']);
const WRITTEN = /^(\s*)\?\s*([01])\s*:\s*([01])$/;

/** The parts of a function's source to replace. `shift` is how much the parsed text is moved against `source`. */
export function branchFreeSelects(root: Node, source: string, shift: number): { from: number; to: number; text: string }[] {
  const parts: { from: number; to: number; text: string }[] = [];
  const visit = (node: Node): void => {
    if (node.type === 'ConditionalExpression' && node.test.type === 'BinaryExpression' && COMPARISONS.has(node.test.operator)) {
      const from = endOf(node.test) - shift;
      const to = endOf(node) - shift;
      const match = WRITTEN.exec(source.slice(from, to));
      if (match !== null && match[2] !== match[3]) {
        parts.push({ from: from + match[1]!.length, to, text: match[2] === '1' ? '|0' : '^1' });
      }
    }
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) visit(item);
      } else if (isNode(value)) visit(value);
    }
  };
  visit(root);
  return parts;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

function endOf(node: Node): number {
  return (node as unknown as { end: number }).end;
}
