// What an executor process is told, once, by the channel that it has with its driver: nobody else reads that, as they may a
// command line.

import type { Address } from '../tcp/address.js';

export interface ProcessConfig {
  readonly name: string;
  readonly driver: Address;
  readonly secret: string;
  /** Bytes of the heap. */
  readonly memory: number;
  readonly kernels: 'on' | 'off';
  readonly spillDirectory: string;
}
