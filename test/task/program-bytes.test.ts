// Programs as bytes: what comes back, and which have the same content.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { captureClosure } from '../../lib/codec/closure/index.js';
import { EncodedProgram, encodeProgram } from '../../lib/task/program-bytes.js';
import type { Program } from '../../lib/task/spec.js';

const capture = (f: (x: number) => number) => captureClosure(f, 'map(f)');
const programOf = (closures: Program['closures'], seed = 1): Program => ({
  branches: [{ source: { kind: 'leaf', input: 0 }, operators: [] }],
  sink: { kind: 'count' },
  closures,
  seed,
});

test('a program comes back with the numbers of its closures', () => {
  const program = programOf([capture(x => x + 1), capture(x => x * 2)]);
  const encoded = new EncodedProgram(encodeProgram(program));
  assert.deepEqual(encoded.decode(), program);
  assert.deepEqual(
    encoded.closures,
    program.closures.map(({ id }) => id),
  );
  assert.deepEqual(new EncodedProgram(encodeProgram(programOf([]))).decode(), programOf([]));
});

test('so it does from any place in memory', () => {
  const program = programOf([capture(x => x + 1)]);
  const bytes = encodeProgram(program);
  const moved = new Uint8Array(bytes.length + 3).subarray(3);
  moved.set(bytes);
  assert.deepEqual(new EncodedProgram(moved).decode(), program);
});

test('the numbers are no part of the content, all else is', () => {
  const make = () => capture(x => x + 1);
  const content = (program: Program) => new EncodedProgram(encodeProgram(program)).content();
  assert.equal(content(programOf([make()])), content(programOf([make()])));
  assert.notEqual(content(programOf([make()])), content(programOf([make()], 2)));
  assert.notEqual(content(programOf([make()])), content(programOf([capture(x => x + 2)])));
  assert.notEqual(content(programOf([make()])), content(programOf([make(), make()])));
});
