// The kernels' one module. Every function works on a batch in the imported shared memory and allocates nothing.
export function version(): u32 {
  return 1;
}
export { fillUniform } from './random';
