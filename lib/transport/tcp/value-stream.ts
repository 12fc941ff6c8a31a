// A shared value that comes from another executor, into the bytes that it has here. One attempt is enough: what does not come goes
// on from the driver.

import { HeddleError } from '../../core/errors.js';
import { type Address, formatAddress } from './address.js';
import { Stream } from './fetch-stream.js';
import { PART } from './limits.js';
import type { Value } from './value-table.js';

export class ValueStream extends Stream {
  override readonly attempts = 1;

  constructor(
    private readonly key: number,
    private readonly value: Value,
    serves: Address,
  ) {
    super({ u8: value.bytes, free() {} }, serves);
  }

  failure(error: HeddleError): HeddleError {
    return error;
  }

  protected asks() {
    return { value: this.key };
  }

  protected announced(): never {
    throw this.corrupt('stored rows, where a shared value was asked for');
  }

  protected allocate(bytes: number) {
    const at = this.value.fill;
    const due = Math.min(PART, this.value.bytes.length - at);
    if (bytes !== due) throw this.corrupt(`${bytes} bytes of a shared value came where ${due} were due`);
    return { address: at, start: at };
  }

  protected check(_start: number, bytes: number): void {
    this.value.fromPeers += bytes;
    this.value.grow(bytes);
  }

  protected missing(): HeddleError {
    return new HeddleError('HEDDLE_FETCH_FAILED', `${formatAddress(this.serves)} has not got shared value ${this.key} (any more)`);
  }
}
