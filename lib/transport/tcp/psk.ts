// TLS with a pre-shared key: encrypted, and each end knows that the other has the secret, with no certificates. The key
// exchange is ephemeral (ECDHE), so that who learns the secret later cannot read what was recorded before.

const COMMON = {
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
  // Node has PSK in TLS 1.2 only.
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
} as const;

const IDENTITY = 'heddle';

export function serverTls(key: Buffer) {
  return { ...COMMON, pskCallback: (_socket: unknown, identity: string) => (identity === IDENTITY ? key : null) };
}

export function clientTls(key: Buffer) {
  return {
    ...COMMON,
    pskCallback: () => ({ psk: key, identity: IDENTITY }),
    // There is no certificate whose names could be wrong: who has the key is the one that is meant.
    checkServerIdentity: () => undefined,
  };
}
