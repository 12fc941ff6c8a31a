// One attempt of a task writes one part of an output. It writes under a name of its own and takes the part's name when
// it commits: of several attempts one wins, whenever they run and wherever they die, and the part is whole.
import { HeddleError } from '../core/errors.js';
import { randomName } from '../core/random-name.js';
import type { FileSystem, WritableFile } from './file-system.js';
import { localFileSystem } from './local-file-system.js';

/** What a task needs to know of an output. Plain data. */
export interface OutputSpec {
  /** The temporary directory. */
  readonly directory: string;
  readonly partitions: number;
}

/** Five digits, or as many as the last partition has: the order of the names is the order of the partitions. */
export function partName(spec: OutputSpec, partition: number): string {
  return `part-${String(partition).padStart(Math.max(5, String(spec.partitions - 1).length), '0')}`;
}

/** Opens the file of one attempt. */
export function openPart(spec: OutputSpec, partition: number, attempt: number, fileSystem: FileSystem = localFileSystem): PartWriter {
  return new PartWriter(spec, partition, attempt, fileSystem);
}

const BUFFER_BYTES = 256 * 1024;
/** A UTF-16 code unit takes three bytes in UTF-8 at most. */
const MOST_UNITS = Math.floor(BUFFER_BYTES / 3);

export class PartWriter {
  /** Bytes written so far. */
  bytesWritten = 0;
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #final: string;
  readonly #file: WritableFile;
  readonly #buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  #filled = 0;
  #state: 'open' | 'closed' | 'done' = 'open';

  constructor(spec: OutputSpec, partition: number, attempt: number, fileSystem: FileSystem) {
    const name = partName(spec, partition);
    this.#fileSystem = fileSystem;
    this.#final = fileSystem.join(spec.directory, name);
    // Random as well: attempts are numbered per stage run, and a stage may run again.
    this.#path = fileSystem.join(spec.directory, `.${name}.${attempt}.${randomName()}`);
    this.#file = fileSystem.create(this.#path);
  }

  /** Writes each string and a \n after it, in UTF-8 (a lone surrogate becomes U+FFFD). */
  writeLines(lines: readonly string[]): void {
    for (let from = 0; from < lines.length; ) {
      // As many lines as surely fit are joined and encoded at once.
      let units = 0;
      let to = from;
      while (to < lines.length && units + lines[to]!.length + 1 <= MOST_UNITS) units += lines[to++]!.length + 1;
      if (to > from) {
        this.#encode((from === 0 && to === lines.length ? lines : lines.slice(from, to)).join('\n'));
        this.#encode('\n');
        from = to;
      } else {
        this.write(lines[from++]!);
        this.#encode('\n');
      }
    }
  }

  /** Writes text in UTF-8, or bytes as they are. A pair of surrogates must not be parted between two calls. */
  write(chunk: string | Uint8Array): void {
    if (typeof chunk === 'string') {
      for (let from = 0; from < chunk.length; ) {
        let to = Math.min(chunk.length, from + MOST_UNITS);
        if (to < chunk.length && isHighSurrogate(chunk.charCodeAt(to - 1))) to--;
        this.#encode(from === 0 && to === chunk.length ? chunk : chunk.slice(from, to));
        from = to;
      }
    } else {
      this.#flush();
      this.#file.write(chunk);
      this.bytesWritten += chunk.length;
    }
  }

  /** Ends the file; only then are all bytes known to be written. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#flush();
    this.#state = 'closed';
    this.#file.close();
  }

  /** Closes, and gives the part its name. False if another attempt was first: then this one's file is removed, and all is well. */
  commit(): boolean {
    if (this.#state === 'done') throw new HeddleError('HEDDLE_INTERNAL', `${this.#path} was committed or aborted before`);
    this.close();
    this.#state = 'done';
    try {
      this.#fileSystem.rename(this.#path, this.#final);
      return true;
    } catch (error) {
      this.#fileSystem.remove(this.#path);
      if (error instanceof HeddleError && error.code === 'HEDDLE_OUTPUT_EXISTS') return false;
      throw error;
    }
  }

  /** Removes what was written. After a commit, or twice, it does nothing. */
  abort(): void {
    if (this.#state === 'done') return;
    const open = this.#state === 'open';
    this.#state = 'done';
    try {
      if (open) this.#file.close();
    } finally {
      this.#fileSystem.remove(this.#path);
    }
  }

  #encode(text: string): void {
    if (this.#filled + text.length * 3 > BUFFER_BYTES) this.#flush();
    this.#filled += this.#buffer.write(text, this.#filled, 'utf8');
  }

  #flush(): void {
    if (this.#filled === 0) return;
    this.#file.write(this.#buffer.subarray(0, this.#filled));
    this.bytesWritten += this.#filled;
    this.#filled = 0;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
