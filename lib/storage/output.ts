// Output that appears whole or not at all. A job writes into a temporary directory beside its target, on the same file
// system, and its commit renames that directory; a job that fails, or a process that is killed, leaves the target as
// it was. Temporary directories begin with a dot, so readers pass over them, and are named
// `.NAME.heddle-tmp-RANDOM`: those that a killed process left behind can be removed by that name.
//
// The driver holds the OutputJob, and sends its plain `spec` to the tasks, which write parts (see part-writer.ts).
import { badArgument, HeddleError } from '../core/errors.js';
import { randomName } from '../core/random-name.js';
import type { FileSystem } from './file-system.js';
import { inArgument } from './io-error.js';
import { localFileSystem } from './local-file-system.js';
import { type OutputSpec, partName } from './part-writer.js';

/** What marks the name of a temporary directory. */
export const TEMPORARY_MARK = '.heddle-tmp-';

export class OutputJob {
  /** For the tasks. */
  readonly spec: OutputSpec;
  readonly #target: string;
  readonly #argument: string;
  readonly #fileSystem: FileSystem;
  /** Parent directories that were made for this job, the outermost first. */
  readonly #parents: readonly string[];
  #open = true;

  private constructor(target: string, argument: string, spec: OutputSpec, parents: readonly string[], fileSystem: FileSystem) {
    this.#target = target;
    this.#argument = argument;
    this.spec = spec;
    this.#parents = parents;
    this.#fileSystem = fileSystem;
  }

  /** Refuses a path that exists, be it an empty directory, and makes the temporary directory: what cannot be written is known before any task runs. */
  static begin(directory: string, argument: string, partitions: number, fileSystem: FileSystem = localFileSystem): OutputJob {
    if (typeof directory !== 'string' || directory === '') throw badArgument(argument, directory, 'the path of a directory to be made');
    if (!(Number.isSafeInteger(partitions) && partitions >= 0)) throw badArgument('partitions', partitions, 'a whole number, 0 or more');
    try {
      const target = fileSystem.resolve(directory);
      if (fileSystem.exists(target)) throw outputExists(target);
      const parents: string[] = [];
      makeParents(fileSystem, fileSystem.parent(target), parents);
      const temporary = fileSystem.join(fileSystem.parent(target), temporaryName(fileSystem.baseName(target)));
      try {
        fileSystem.makeDirectory(temporary);
      } catch (error) {
        removeParents(fileSystem, parents);
        throw error;
      }
      return new OutputJob(target, argument, { directory: temporary, partitions }, parents, fileSystem);
    } catch (error) {
      if (error instanceof HeddleError && error.code === 'HEDDLE_BAD_ARGUMENT') {
        throw badArgument(argument, directory, String(error.data.expected));
      }
      throw inArgument(error, argument);
    }
  }

  /** Makes the output appear. Every part must be committed. If it throws, the target is as it was, and `abort` is due. */
  commit(): void {
    if (!this.#open) throw new HeddleError('HEDDLE_INTERNAL', `the output ${this.#target} was committed or aborted before`);
    try {
      this.#checkParts();
      this.#fileSystem.create(this.#fileSystem.join(this.spec.directory, '_SUCCESS')).close();
      this.#fileSystem.rename(this.spec.directory, this.#target);
    } catch (error) {
      throw inArgument(error, this.#argument);
    }
    this.#open = false;
  }

  /** Removes all that was written, and parent directories made for it that are still empty. After a commit, or twice, it does nothing. */
  abort(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#fileSystem.remove(this.spec.directory);
    removeParents(this.#fileSystem, this.#parents);
  }

  /** All parts are there; what attempts that lost or died left is removed. */
  #checkParts(): void {
    const { directory, partitions } = this.spec;
    const names = new Set(this.#fileSystem.list(directory));
    for (let partition = 0; partition < partitions; partition++) {
      const name = partName(this.spec, partition);
      if (names.delete(name)) continue;
      const message = `${this.#target}: partition ${partition} was not written, so the output is not committed`;
      throw new HeddleError('HEDDLE_INTERNAL', message, { data: { path: this.#target, partition } });
    }
    for (const name of names) this.#fileSystem.remove(this.#fileSystem.join(directory, name));
  }
}

function makeParents(fileSystem: FileSystem, directory: string, made: string[]): void {
  const stat = fileSystem.stat(directory);
  if (stat?.kind === 'directory') return;
  if (stat !== undefined || fileSystem.parent(directory) === directory) {
    throw new HeddleError('HEDDLE_IO', `cannot make the directory ${directory}: there is something else of that name`, {
      data: { path: directory },
    });
  }
  makeParents(fileSystem, fileSystem.parent(directory), made);
  try {
    fileSystem.makeDirectory(directory);
    made.push(directory);
  } catch (error) {
    // Another job may have made it in between.
    if (fileSystem.stat(directory)?.kind !== 'directory') {
      removeParents(fileSystem, made);
      throw error;
    }
  }
}

function removeParents(fileSystem: FileSystem, made: readonly string[]): void {
  for (let i = made.length - 1; i >= 0; i--) {
    if (!fileSystem.removeEmptyDirectory(made[i]!)) return;
  }
}

/** Names are limited to 255 bytes or so: of a long one the head will do. */
function temporaryName(name: string): string {
  const head = [...name].slice(0, 40).join('');
  return `.${head}${TEMPORARY_MARK}${randomName()}`;
}

function outputExists(path: string): HeddleError {
  const message = `${path} exists already, and output never replaces anything; remove it, or choose another directory`;
  return new HeddleError('HEDDLE_OUTPUT_EXISTS', message, { data: { path } });
}
