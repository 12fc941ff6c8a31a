// Text that UTF-8 can stand for.

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether no half of a surrogate pair is alone in it: that would not come back from UTF-8 as it was. */
export function isWholeText(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
