// A stage's operators become the source of one function, so that V8 gives every stage its own type feedback and
// inlines the user's closures: no iterators, no arrays between operators. The loop takes a batch and a sink:
//
//   for (; i < n; i++) { row of the batch; operator 1; operator 2; ...; the sink's code }
//
// What a throw is told with, its operator and its record, stands in a handler of the operator's own, and rows are variables
// of their block: where V8 has inlined a closure that cannot throw its handler is gone, and numbers stay in registers. Rows of
// pair operators stay split in a key and a value.

import { HeddleError, show } from '../core/errors.js';
import { DRAW, type InlineBody } from './inline.js';
import { AntitheticRng } from './rng/antithetic.js';
import { DRAWS_END, MOST_AHEAD, Rng } from './rng/rng.js';
import type { OperatorSpec } from './spec.js';

/** How a batch presents its rows. */
export type BatchKind = 'range' | 'rows' | 'pairs';

/** The row that code sees: one variable, or a key and a value apart. */
export type RowCode = { readonly single: string } | { readonly key: string; readonly value: string };

/** What a sink adds to the loop. In its code s0, s1, ... are its functions, `sink` is the sink, and `break outer` ends the loop. */
export interface SinkCode {
  readonly functions: number;
  /** Before the loop: loads the sink's state into variables. */
  readonly before: string;
  /** Variables of `before` that are always numbers. */
  readonly numbers?: readonly string[];
  /** Rows must be pairs: one that is none is refused, and the others come apart. */
  readonly pairs?: true;
  /** For each row that arrives. */
  row(row: RowCode): string;
  /** After the loop; not after a throw, which nothing is left to be done with. */
  readonly after: string;
  /** When no operator stands before it, a whole batch may be taken without a loop; else absent. */
  readonly wholeBatch?: string;
}

/** The row as one expression. */
export const rowExpression = (row: RowCode): string => ('single' in row ? row.single : `[${row.key}, ${row.value}]`);
export const keyExpression = (row: RowCode): string => ('single' in row ? `${row.single}[0]` : row.key);
export const valueExpression = (row: RowCode): string => ('single' in row ? `${row.single}[1]` : row.value);

/** The compiled loop. Returns nothing: the sink holds the outcome. */
export type Loop = (batch: unknown, sink: unknown, rngs: readonly unknown[]) => void;

/**
 * The source of a loop over functions: one for each operator, then the sink's own. With `blocks`, batches tell of the blocks that they
 * span, and the loop has the sink end each but the last.
 */
export function loopSource(kind: BatchKind, operators: readonly OperatorSpec[], sink: SinkCode, blocks = false): string {
  if (operators.length === 0 && sink.wholeBatch !== undefined) {
    return `return function loop(batch, sink, rngs) { const n = batch.n; ${sink.wholeBatch} };`;
  }
  const code = new LoopWriter(operators.length);
  const first = code.source(kind);
  const last = operators.reduce((row, operator, j) => code.operator(operator, j, row), first);
  const taken = sink.pairs === true ? code.apart(last) : last;
  // A loop that V8 enters half-way, as it does a hot one, knows nothing of the types that its variables have at its start.
  const numbers = (sink.numbers ?? []).map(name => `${name} = +${name};`).join(' ');
  const body = `${numbers} ${code.text} ${code.guarded(sink.row(taken), operators.length, rowExpression(taken))} ${code.closing}`;
  const own = Array.from({ length: sink.functions }, (_, k) => `const s${k} = F[${operators.length + k}];`);
  const functions = [...operators.map((_, j) => `const f${j} = F[${j}];`), ...own].join(' ');
  const [bounds, eachBlock, nextBlock] = blocks ? BY_BLOCKS : ['const n = batch.n;', '', ''];
  return `'use strict';
${functions}
return function loop(batch, sink, rngs) {
  ${bounds} ${code.head}
  ${code.opening(operators)}
  let i = 0; ${code.variables.length > 0 ? `let ${code.variables.join(', ')};` : ''}
  ${eachBlock}
  ${sink.before}
  ${code.loop(body)}
  ${code.leaving()}
  ${sink.after}
  ${code.ends()}
  ${nextBlock}
};`;
}

const BY_BLOCKS = [
  'const { rows: blockRows, first: n0 } = batch.blocks; let n = n0, block = batch.block;',
  'for (;;) {',
  'if (n === batch.n) break; sink.endBlock(block++); n = Math.min(batch.n, n + blockRows); }',
] as const;

/** Compiles a loop's source over its functions, and a view of the heap that its random numbers are in. */
export function compileLoop(source: string, functions: readonly unknown[], heap: Float64Array, name: string): Loop {
  return loopFactory(source, name)(functions, heap);
}

/** Compiles a loop's source. The loops that it makes over one function or another share what V8 learns of the types. */
export function loopFactory(source: string, name: string): (functions: readonly unknown[], heap: Float64Array) => Loop {
  const text = `${source}\n//# sourceURL=heddle-stage:${name}`;
  const factory = new Function('F', '$heap', 'chunksOf', 'Rng', 'AntitheticRng', 'notAPair', text);
  return (functions, heap) => factory(functions, heap, chunksOf, Rng, AntitheticRng, notAPair) as Loop;
}

class LoopWriter {
  text = '';
  closing = '';
  head = '';
  readonly variables: string[] = [];
  readonly rngs: number[] = [];
  /** Random operators whose body stands in the loop. */
  readonly inlined: number[] = [];
  /** The variables of iterables that are taken in chunks. */
  readonly chunks: string[] = [];
  private label = 'row';
  /** Draws of each row, where all of these can be had at once. */
  private ahead = 0;

  constructor(private readonly operators: number) {}

  /** Statements whose throw is told as one of that operator, at that record. */
  guarded(statements: string, operator: number, record: string): string {
    return `try { ${statements} } catch (error) { ${this.ends()} throw sink.failed(error, ${operator}, ${record}); }`;
  }

  /** Ends the iterations under way. */
  ends(): string {
    return this.chunks.map(m => `if (${m}) ${m}.end();`).join(' ');
  }

  /**
   * The loop over the rows. Where each takes the same number of draws it goes in strides, for which all draws are there: nothing asks
   * draw by draw whether there is one left.
   */
  loop(body: string): string {
    if (this.ahead === 0) return `outer: row: for (; i < n; i++) { ${body} }`;
    return `outer: while (i < n) {
      if ($end0 - $c0 < ${this.ahead}) $c0 = $source0.ahead($c0 - $offset0, ${this.ahead}) + $offset0;
      const $to = Math.min(n, i + (($end0 - $c0) / ${this.ahead} | 0));
      row: for (; i < $to; i++) { ${body} }
    }`;
  }

  /** Takes over the sources of draws, which come in the order of the random operators. */
  opening(operators: readonly OperatorSpec[]): string {
    const random = operators.flatMap(({ salt }, j) => (salt === undefined ? [] : [j]));
    return random
      .map((j, k) =>
        this.inlined.includes(j)
          ? `const $source${j} = rngs[${k}], $offset${j} = $source${j}.offset, $end${j} = $offset${j} + ${DRAWS_END};
  let $c${j} = $source${j}.cursor + $offset${j};`
          : `const rng${j} = new ${operators[j]!.antithetic === true ? 'AntitheticRng' : 'Rng'}(rngs[${k}]);`,
      )
      .join(' ');
  }

  leaving(): string {
    return [...this.rngs.map(j => `rng${j}.leave();`), ...this.inlined.map(j => `$source${j}.cursor = $c${j} - $offset${j};`)].join(' ');
  }

  source(kind: BatchKind): RowCode {
    switch (kind) {
      case 'range':
        // From the index, never from the row before: a row is the same in whatever batch it comes.
        this.head = 'const first = batch.first, from = batch.from, step = batch.step;';
        // Computed where it is asked for: a variable that only a throw would read costs a tenth of a Monte Carlo loop.
        return { single: '(first + (from + i) * step)' };
      case 'rows':
        this.head = 'const rows = batch.rows;';
        this.text = `let r; ${this.guarded('r = rows[i];', -1, 'undefined')}`;
        return { single: 'r' };
      case 'pairs':
        this.head = 'const keys = batch.keys, values = batch.values;';
        this.text = `let rk, rv; ${this.guarded('rk = keys[i]; rv = values[i];', -1, 'undefined')}`;
        return { key: 'rk', value: 'rv' };
    }
  }

  operator(spec: OperatorSpec, j: number, row: RowCode): RowCode {
    const v = `v${j}`;
    const input = rowExpression(row);
    const assign = (variable: string, expression: string) => this.assign(variable, expression, j, input);
    switch (spec.kind) {
      case 'map':
        return assign(v, `f${j}(${input})`);
      case 'filter':
        assign(v, `f${j}(${input})`);
        this.text += ` if (!${v}) continue ${this.label};`;
        return row;
      case 'keyBy': {
        const value = 'single' in row ? row.single : assign(`${v}r`, input).single;
        const key = assign(v, `f${j}(${value})`).single;
        return { key, value };
      }
      case 'mapValues': {
        const key = 'single' in row ? assign(`${v}k`, `${row.single}[0]`).single : row.key;
        return { key, value: assign(v, `f${j}(${valueExpression(row)})`).single };
      }
      case 'trial':
        if (spec.inline !== undefined) return this.inline(j, spec.inline, input);
        this.rngs.push(j);
        if (spec.antithetic === true) return assign(v, `rng${j}.pair(f${j}, ${input})`);
        this.text += ` rng${j}.trial = ${input};`;
        return assign(v, `f${j}(rng${j}, ${input})`);
      case 'mapWithRng':
        this.rngs.push(j);
        return assign(v, `f${j}(${input}, rng${j})`);
      case 'sample':
        this.rngs.push(j);
        this.repeat(j, `f${j}(rng${j})`, input);
        return row;
      case 'sampleByKey': {
        this.rngs.push(j);
        const check = 'single' in row ? `if (!Array.isArray(${row.single})) throw notAPair(${row.single});` : '';
        this.repeat(j, `f${j}(rng${j}, ${keyExpression(row)})`, input, check);
        return row;
      }
      case 'draw': {
        this.rngs.push(j);
        const value = 'single' in row ? row.single : assign(`${v}r`, input).single;
        return { key: assign(v, `f${j}(rng${j})`).single, value };
      }
      case 'flatMap':
        this.each(j, `f${j}(${input})`, input);
        return { single: v };
      case 'flatMapValues': {
        const key = 'single' in row ? assign(`${v}k`, `${row.single}[0]`).single : row.key;
        this.each(j, `f${j}(${valueExpression(row)})`, input);
        return { key, value: v };
      }
    }
  }

  /**
   * Takes a row apart for the sink. From here on a throw is told with a pair made anew: V8 does without the array of a closure
   * `x => [f(x), 1]` only where nothing may ever look at it again, the handler of a throw included.
   */
  apart(row: RowCode): RowCode {
    if (!('single' in row)) return row;
    const { single } = row;
    const parts = `if (!Array.isArray(${single})) throw notAPair(${single}); pk = ${single}[0]; pv = ${single}[1];`;
    this.text += ` let pk, pv; ${this.guarded(parts, this.operators, single)}`;
    return { key: 'pk', value: 'pv' };
  }

  /**
   * A trial's body in a block of its own: the place in the stream of draws, which are read from the whole heap, is a local variable. V8
   * knows the heap's view as a constant, and looks neither at what it is nor where it lies.
   */
  private inline(j: number, { index, constants, statements, result, draws = 0 }: InlineBody, input: string): { single: string } {
    this.inlined.push(j);
    let place = 0;
    let draw = () => `($c${j} === $end${j} && ($c${j} = $source${j}.refill() + $offset${j}), $heap[$c${j}++])`;
    if (j === 0 && draws > 0 && draws <= MOST_AHEAD) {
      this.ahead = draws;
      draw = () => `$heap[$c0 + ${place++}]`;
    }
    const body = (text: string) => text.replaceAll(DRAW, draw);
    const names = [...constants.map(({ name, text }) => `const ${name} = ${text};`), index === undefined ? '' : `const ${index} = $i${j};`];
    this.variables.push(`$v${j}`);
    if (index !== undefined) {
      this.variables.push(`$i${j}`);
      this.text += ` $i${j} = ${input};`;
    }
    this.text += ` { ${names.join(' ')} { ${body(statements)}\n $v${j} = ${body(result)}; } } ${place > 0 ? `$c0 += ${place};` : ''}`;
    return { single: `$v${j}` };
  }

  private assign(variable: string, expression: string, operator: number, record: string, check = ''): { single: string } {
    this.text += ` let ${variable}; ${this.guarded(`${check}${variable} = ${expression};`, operator, record)}`;
    return { single: variable };
  }

  /** Opens a loop in which the row comes so many times. */
  private repeat(j: number, times: string, record: string, check = ''): void {
    this.assign(`t${j}`, times, j, record, check);
    this.label = `each${j}`;
    this.text += ` each${j}: for (; t${j} > 0; t${j}--) {`;
    this.closing = `} ${this.closing}`;
  }

  /** Opens a loop over an iterable: arrays by index, anything else in chunks, so that an endless generator is no harm. */
  private each(j: number, iterable: string, record: string): void {
    const [v, c, m] = [`v${j}`, `c${j}`, `m${j}`];
    this.variables.push(`${m} = null`);
    this.chunks.push(m);
    this.label = `each${j}`;
    const first = `${m} = null; ${c} = ${iterable}; if (!Array.isArray(${c})) { ${m} = chunksOf(${c}); ${c} = ${m}.next(); }`;
    const next = this.guarded(`${c} = ${m} === null ? null : ${m}.next();`, j, record);
    this.text += ` let ${c}; ${this.guarded(first, j, record)}
      while (${c} !== null) { each${j}: for (let j${j} = 0, n${j} = ${c}.length; j${j} < n${j}; j${j}++) { `;
    this.assign(v, `${c}[j${j}]`, j, record);
    this.closing = `} ${next} } ${this.closing}`;
  }
}

function notAPair(row: unknown): HeddleError {
  return new HeddleError('HEDDLE_VALUE', `an operator on pairs got ${show(row)}: its rows must be arrays [key, value]`);
}

const CHUNK = 256;

export interface Chunks {
  /** Up to 256 elements; null after the last. */
  next(): unknown[] | null;
  /** No more is wanted: ends the iteration, as leaving a for-of loop does. */
  end(): void;
}

/** Any iterable, a chunk at a time. */
export function chunksOf(iterable: Iterable<unknown>): Chunks {
  if (iterable === null || iterable === undefined || typeof iterable[Symbol.iterator] !== 'function') {
    throw new TypeError(`flatMap expects an array or another iterable, got ${iterable === null ? 'null' : typeof iterable}`);
  }
  const iterator = iterable[Symbol.iterator]();
  let ended = false;
  return {
    next() {
      const chunk: unknown[] = [];
      while (!ended && chunk.length < CHUNK) {
        // A throw ends it too.
        ended = true;
        const { done, value } = iterator.next();
        if (done === true) break;
        ended = false;
        chunk.push(value);
      }
      return chunk.length === 0 ? null : chunk;
    },
    end() {
      if (ended) return;
      ended = true;
      iterator.return?.();
    },
  };
}
