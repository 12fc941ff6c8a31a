// What the driver knows of one function while it captures it: source, analysis, and, once asked for, V8's view of it.
import { analyseSource, type FunctionAnalysis } from './analyse.js';
import { type Inspected, inspectFunction } from './inspect.js';

export type AnyFunction = (...args: never[]) => unknown;

export class FunctionRecord {
  readonly source: string;
  private seen: Inspected | undefined;
  private parsed: FunctionAnalysis | undefined;
  constructor(
    readonly fn: AnyFunction,
    source?: string,
  ) {
    this.source = source ?? Function.prototype.toString.call(fn);
  }

  /** Undefined for native code, and for source that does not parse on its own. */
  get analysis(): FunctionAnalysis | undefined {
    return (this.parsed ??= analyseSource(this.source));
  }

  /** A third of a millisecond at first: ask only when needed. */
  get inspected(): Inspected {
    return (this.seen ??= inspectFunction(this.fn));
  }

  get isInspected(): boolean {
    return this.seen !== undefined;
  }

  /** V8's id of the script that defines it; '' for native code. */
  get script(): string {
    return this.inspected.location.script;
  }

  get isNative(): boolean {
    return this.source.endsWith('{ [native code] }');
  }
}

/** Code that is no function of the driver, seen as if it stood where another function stands. */
export class SyntheticRecord extends FunctionRecord {
  constructor(
    source: string,
    private readonly around: FunctionRecord,
  ) {
    super(() => undefined, source);
  }

  override get inspected(): Inspected {
    const { location, scopes } = this.around.inspected;
    return { location, scopes, bound: undefined };
  }
}
