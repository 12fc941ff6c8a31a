// Maps that remember what was made last, and no more than so many.

/** Sets an entry that is not there yet; the oldest one goes where there are `most` already. */
export function setWithin<K, V>(map: Map<K, V>, most: number, key: K, value: V): void {
  if (map.size >= most) map.delete(map.keys().next().value as K);
  map.set(key, value);
}
