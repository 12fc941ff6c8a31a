// The inputs of a task, also those inside others.

import type { InputSpec } from '../../task/spec.js';

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
