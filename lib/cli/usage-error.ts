/** A command that was not understood: its message goes to stderr, and the process exits with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
