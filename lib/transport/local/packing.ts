// Tasks that go to a thread together, and their answers on the way back: what is the same in all goes once, and what is numbers in one
// array. A structured clone writes and reads the name of every property of every object, which cost more than a quick task does.

import { pad8 } from '../../shuffle/run.js';
import type { InputSpec, TaskResult, TaskSpec } from '../../task/spec.js';
import type { PackedAnswers, PackedTasks, ThreadAnswer } from './messages.js';

/** Numbers of a task beside those of its inputs: slot, partition, local, attempt, token, branch. */
const OF_TASK = 6;
/** Of an answer: bytes of its column, or one of the two below; seconds, rows and bytes in and out, bytes spilled. */
const OF_ANSWER = 7;
const NO_COLUMN = -1;
const AMONG_OTHERS = -2;
/** Bytes of a column up to which to copy it costs less than memory of its own does. */
const SMALL = 4096;

interface Launched {
  readonly slot: number;
  readonly spec: TaskSpec;
}

/** How many of these, from the first on, can go together: those that differ in nothing but their place and their inputs. */
export function alike(tasks: readonly Launched[]): number {
  const first = tasks[0]!.spec;
  let n = 1;
  while (n < tasks.length && isLike(tasks[n]!.spec, first)) n++;
  return n;
}

function isLike(spec: TaskSpec, first: TaskSpec): boolean {
  const { shared } = first;
  return (
    spec.stage === first.stage &&
    spec.program === first.program &&
    spec.wanted === first.wanted &&
    spec.output?.id === first.output?.id &&
    (spec.shared === shared || haveSameKeys(spec.shared, shared))
  );
}

function haveSameKeys(shared: TaskSpec['shared'], others: TaskSpec['shared']): boolean {
  return shared.length === others.length && shared.every(({ key }, i) => key === others[i]!.key);
}

/** Tasks that are alike. */
export function packTasks(tasks: readonly Launched[]): PackedTasks {
  const first = tasks[0]!.spec;
  const isAllNumbers = tasks.every(({ spec }) => areCounted(spec.inputs, first.inputs));
  const numbers = new Float64Array(tasks.length * (OF_TASK + (isAllNumbers ? countOf(first.inputs) : 0)));
  let at = 0;
  for (const { slot, spec } of tasks) {
    numbers[at++] = slot;
    numbers[at++] = spec.partition;
    numbers[at++] = spec.local;
    numbers[at++] = spec.attempt;
    numbers[at++] = spec.token;
    numbers[at++] = spec.branch;
    if (isAllNumbers) at = writeInputs(spec.inputs, numbers, at);
  }
  return { first, numbers, inputs: isAllNumbers ? undefined : tasks.slice(1).map(({ spec }) => spec.inputs) };
}

/** The slots of the tasks, in their order. */
export function slotsOf(tasks: PackedTasks): number[] {
  const width = widthOf(tasks);
  return Array.from({ length: tasks.numbers.length / width }, (_, i) => tasks.numbers[i * width]!);
}

export function unpackTask(tasks: PackedTasks, i: number): TaskSpec {
  const { first, numbers, inputs } = tasks;
  if (i === 0) return first;
  const at = i * widthOf(tasks);
  return {
    stage: first.stage,
    program: first.program,
    stageName: first.stageName,
    partition: numbers[at + 1]!,
    local: numbers[at + 2]!,
    attempt: numbers[at + 3]!,
    token: numbers[at + 4]!,
    branch: numbers[at + 5]!,
    small: first.small,
    inputs: inputs === undefined ? readInputs(first.inputs, numbers, at + OF_TASK) : inputs[i - 1]!,
    output: first.output,
    shared: first.shared,
    wanted: first.wanted,
  };
}

function widthOf({ first, inputs }: PackedTasks): number {
  return OF_TASK + (inputs === undefined ? countOf(first.inputs) : 0);
}

/** Whether inputs differ from others in nothing but the numbers that writeInputs writes. */
function areCounted(inputs: readonly InputSpec[], first: readonly InputSpec[]): boolean {
  return inputs.length === first.length && inputs.every((input, i) => isCounted(input, first[i]!));
}

function isCounted(input: InputSpec, like: InputSpec): boolean {
  if (input.kind === 'range')
    return like.kind === 'range' && input.first === like.first && input.step === like.step && input.blockRows === like.blockRows;
  return input.kind === 'shuffle' && like.kind === 'shuffle' && input.shuffle.id === like.shuffle.id && input.gathered === undefined;
}

/** How many numbers those are. */
function countOf(inputs: readonly InputSpec[]): number {
  let n = 0;
  for (const { kind } of inputs) n += kind === 'range' ? 2 : 1;
  return n;
}

function writeInputs(inputs: readonly InputSpec[], numbers: Float64Array, start: number): number {
  let at = start;
  for (const input of inputs) {
    if (input.kind === 'range') {
      numbers[at++] = input.from;
      numbers[at++] = input.rows;
    } else if (input.kind === 'shuffle') numbers[at++] = input.reduce;
  }
  return at;
}

function readInputs(first: readonly InputSpec[], numbers: Float64Array, start: number): InputSpec[] {
  const inputs: InputSpec[] = [];
  let at = start;
  for (const like of first) {
    if (like.kind === 'range') {
      const { kind, first: base, step, blockRows } = like;
      inputs.push({ kind, first: base, step, from: numbers[at]!, rows: numbers[at + 1]!, blockRows });
      at += 2;
    } else if (like.kind === 'shuffle') inputs.push({ kind: 'shuffle', shuffle: like.shuffle, reduce: numbers[at++]! });
  }
  return inputs;
}

export function packAnswers(answers: readonly ThreadAnswer[]): PackedAnswers {
  const numbers = new Float64Array(answers.length * OF_ANSWER);
  const small: Uint8Array[] = [];
  const others: ThreadAnswer[] = [];
  for (let i = 0; i < answers.length; i++) {
    const answer = answers[i]!;
    let at = i * OF_ANSWER;
    if (!answer.ok || !isPlain(answer.result)) {
      numbers[at] = AMONG_OTHERS;
      others.push(answer);
      continue;
    }
    const { columns, seconds, rowsIn, rowsOut, bytesIn, bytesOut, bytesSpilled } = answer.result;
    const column = columns[0];
    if (column !== undefined) small.push(column);
    numbers[at++] = column?.length ?? NO_COLUMN;
    numbers[at++] = seconds;
    numbers[at++] = rowsIn;
    numbers[at++] = rowsOut;
    numbers[at++] = bytesIn;
    numbers[at++] = bytesOut;
    numbers[at] = bytesSpilled;
  }
  return { numbers, columns: joined(small), others };
}

/** Their columns are views of one memory. */
export function unpackAnswers({ numbers, columns, others }: PackedAnswers): ThreadAnswer[] {
  const answers: ThreadAnswer[] = [];
  let from = 0;
  let next = 0;
  for (let at = 0; at < numbers.length; at += OF_ANSWER) {
    const bytes = numbers[at]!;
    if (bytes === AMONG_OTHERS) {
      answers.push(others[next++]!);
      continue;
    }
    const result: TaskResult = {
      columns: bytes === NO_COLUMN ? [] : [columns.subarray(from, from + bytes)],
      seconds: numbers[at + 1]!,
      rowsIn: numbers[at + 2]!,
      rowsOut: numbers[at + 3]!,
      bytesIn: numbers[at + 4]!,
      bytesOut: numbers[at + 5]!,
      bytesSpilled: numbers[at + 6]!,
    };
    if (bytes > 0) from += pad8(bytes);
    answers.push({ ok: true, result });
  }
  return answers;
}

/** Whether it has nothing but its numbers and a small column. */
function isPlain({ columns, updates, stored, winner, sizes }: TaskResult): boolean {
  if (updates !== undefined || stored !== undefined || winner !== undefined || sizes !== undefined) return false;
  return columns.length === 0 || (columns.length === 1 && columns[0]!.length <= SMALL);
}

/** Every column begins where its numbers can be read in place. */
function joined(columns: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(columns.reduce((sum, column) => sum + pad8(column.length), 0));
  let at = 0;
  for (const column of columns) {
    all.set(column, at);
    at += pad8(column.length);
  }
  return all;
}
