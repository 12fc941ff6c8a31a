// Connections that were refused: counted by reason, told of once for each.

import type { HeddleError } from '../../core/errors.js';

const REASONS = {
  secret: 'it does not know the secret',
  plainText: 'it speaks no TLS',
  tls: 'its TLS does not fit',
  version: 'it has another version',
  frame: 'it sent what is no frame of the protocol',
  slow: 'it did not get through its greeting in time',
  crowded: 'too many others were at their greeting',
  closed: 'it was closed before its greeting was over',
  role: 'it is not wanted here',
  busy: 'another one is at work here',
} as const;

export type RefusalReason = keyof typeof REASONS;
export type RefusalCounts = { readonly [Reason in RefusalReason]: number };

export class Refusals {
  private readonly byReason = Object.fromEntries(Object.keys(REASONS).map(reason => [reason, 0])) as { [Reason in RefusalReason]: number };

  constructor(private readonly log: (message: string) => void) {}

  get counts(): RefusalCounts {
    return { ...this.byReason };
  }

  count(reason: RefusalReason, peer: string, detail: string): void {
    if (this.byReason[reason]++ > 0) return;
    this.log(`refused a connection from ${peer}: ${REASONS[reason]} (${detail}); more of these are counted, and not told of`);
  }
}

/** Why a TLS connection did not come about. */
export function tlsReason(error: Error): RefusalReason {
  const { code = '' } = error as { code?: string };
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST/.test(code)) return 'plainText';
  if (/BAD_RECORD_MAC|DECRYPTION_FAILED|PSK_IDENTITY_NOT_FOUND|DIGEST_CHECK_FAILED/.test(code)) return 'secret';
  return /^ECONNRESET$|^EPIPE$/.test(code) ? 'closed' : 'tls';
}

/** Why a greeting failed, or what came after it. */
export function greetingReason(error: HeddleError): RefusalReason {
  switch (error.code) {
    case 'HEDDLE_CORRUPT':
    case 'HEDDLE_FRAME_LIMIT':
      return 'frame';
    case 'HEDDLE_REFUSED':
      return error.data.reason === 'version' || error.data.reason === 'busy' ? error.data.reason : 'role';
    default:
      return 'closed';
  }
}
