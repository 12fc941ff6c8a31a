// Names that nobody else uses. They need not be secret, for whatever has such a name is made exclusively: Math.random
// will do, and spares the loading of node:crypto, a tenth of the time that loading the whole package may take.

/** 16 hexadecimal digits. */
export function randomName(): string {
  return word() + word();
}

function word(): string {
  return Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}
