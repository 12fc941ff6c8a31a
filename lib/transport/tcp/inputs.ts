// The inputs of a task, also those inside others.

import type { InputSpec } from '../../task/spec.js';

/** Bytes of the rows that are sent for these inputs. */
export function columnBytes(inputs: readonly InputSpec[]): number {
  let bytes = 0;
  for (const input of inputs) {
    if (input.kind === 'rows') bytes += input.column.length;
    else if (input.kind === 'computed') bytes += columnBytes(input.inputs);
    else if (input.kind === 'parts') for (const part of input.parts) bytes += columnBytes(part.inputs);
  }
  return bytes;
}

/** The inputs with f in the place of each, from the inside out. */
export function mapInputs(inputs: readonly InputSpec[], f: (input: InputSpec) => InputSpec): InputSpec[] {
  return inputs.map(input => {
    switch (input.kind) {
      case 'parts':
        return f({ ...input, parts: input.parts.map(part => ({ ...part, inputs: mapInputs(part.inputs, f) })) });
      case 'computed':
        return f({ ...input, inputs: mapInputs(input.inputs, f) });
      default:
        return f(input);
    }
  });
}
