// The programs that a thread keeps. A job that comes again, from the same lines and with the same captured values, finds the
// functions and loops of the last time, with all that V8 has learnt of them and made of them: to learn it anew took a
// sixth of the CPU time of a job of a second. Only where nothing can tell: see stateless.ts.

import { type Resolve, SCRIPT_NAME, scriptName } from '../codec/closure/index.js';
import { setWithin } from '../core/bounded-map.js';
import { ProgramFunctions } from './functions.js';
import { LoadedProgram } from './pipeline.js';
import { EncodedProgram } from './program-bytes.js';
import type { TaskSpec } from './spec.js';

/** An older one is loaded again when it is needed. */
const MOST_PROGRAMS = 64;
/** Bytes of a program that may stand for itself: more, and it carries data. */
const MOST_BYTES = 1 << 16;

/** A program as one stage has it. */
export interface StageProgram {
  readonly loaded: LoadedProgram;
  /** The error of a task with the closures that its stack names as those of this stage, whoever they were revived for. */
  readonly inItsOwnName: (error: Error) => Error;
}

interface Kept {
  readonly loaded: LoadedProgram;
  readonly closures: readonly number[];
}

export class Programs {
  private readonly byStage = new Map<number, Promise<StageProgram>>();
  private readonly byContent = new Map<string, Kept>();

  constructor(private readonly resolve: Resolve) {}

  of(spec: TaskSpec): Promise<StageProgram> {
    let loaded = this.byStage.get(spec.stage);
    if (loaded === undefined) {
      loaded = this.load(spec);
      setWithin(this.byStage, MOST_PROGRAMS, spec.stage, loaded);
      loaded.catch(() => this.byStage.delete(spec.stage));
    }
    return loaded;
  }

  private async load(spec: TaskSpec): Promise<StageProgram> {
    const encoded = new EncodedProgram(spec.program);
    const { closures } = encoded;
    const content = spec.program.length > MOST_BYTES ? undefined : `${spec.small === true} ${encoded.content()}`;
    const kept = content === undefined ? undefined : this.byContent.get(content);
    if (kept?.loaded.functions.areAsNew()) {
      this.byContent.delete(content!);
      this.byContent.set(content!, kept); // the last to be let go
      return { loaded: kept.loaded, inItsOwnName: error => renamed(error, kept.closures, closures) };
    }
    const program = encoded.decode();
    const loaded = new LoadedProgram(program, await ProgramFunctions.revive(program, this.resolve), `${spec.stage}`, spec.small);
    if (content !== undefined && loaded.functions.areAsNew()) {
      setWithin(this.byContent, MOST_PROGRAMS, content, { loaded, closures });
    }
    return { loaded, inItsOwnName: error => error };
  }
}

/** The driver knows the closures of the stage, and those of an earlier one perhaps no more. */
function renamed(error: Error, from: readonly number[], to: readonly number[]): Error {
  for (const one of [error, error.cause]) {
    if (!(one instanceof Error)) continue;
    try {
      one.stack = one.stack?.replace(SCRIPT_NAME, (name, id, node) => {
        const place = from.indexOf(Number(id));
        return place < 0 ? name : scriptName(to[place]!, Number(node));
      });
    } catch {
      // The user's class may have made anything of its stack, or the error may be frozen: then its frames stay as they are.
    }
  }
  return error;
}
