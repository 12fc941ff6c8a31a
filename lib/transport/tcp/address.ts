// Addresses as users write them: host:port, with brackets around an IPv6 address.

import { HeddleError, show } from '../../core/errors.js';
import { isAddress } from '../../core/option-values.js';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The address that a text stands for. Throws HEDDLE_BAD_OPTION, naming the option. Port 0 stands for any that is free. */
export function parseAddress(option: string, text: string): Address {
  if (!isAddress(text)) {
    const expected = "an address such as '127.0.0.1:7077'";
    throw new HeddleError('HEDDLE_BAD_OPTION', `${option}: expected ${expected}, got ${show(text)}`, {
      data: { option, value: text, expected },
    });
  }
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)) };
}
