// Where the files of this package lie that are not modules of it. Bundles of the library are two folders deep, as this file
// is, so that the answer is the same from there.

const DIST = new URL('../../', import.meta.url);

/** The URL of a file of the build, by its path in it. */
export function builtFile(path: string): URL {
  return new URL(path, DIST);
}
