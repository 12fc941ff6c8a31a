// What runs tasks, in a worker thread or, where they are small, in the main one; each under the slot that the driver gave it.

import { HeddleError, toErrorRecord } from '../../core/errors.js';
import type { ThreadId } from '../../core/ids.js';
import { importModule } from '../../core/script-imports.js';
import { Heap } from '../../shuffle/heap/allocator.js';
import { loadWord } from '../../shuffle/heap/words.js';
import { type Kernels, twinKernels, wasmKernels } from '../../shuffle/kernels.js';
import { OpenBlocks } from '../../shuffle/map-output.js';
import { ShuffleStore } from '../../shuffle/store.js';
import { localFileSystem } from '../../storage/local-file-system.js';
import { SpillFiles } from '../../storage/spill-files.js';
import type { TaskEnv } from '../../task/env.js';
import { TaskRunner } from '../../task/run.js';
import type { DriverCalls, ThreadAnswer, ThreadData, ThreadTask } from './messages.js';

/** Bytes of an answer that are worth moving to the driver: a thread loads the pool's own code for it, in some 20 ms. */
const WORTH_MOVING = 4 << 20;

/** An answer on its way to the driver: large columns are moved. */
export async function moved(answer: ThreadAnswer): Promise<ThreadAnswer> {
  if (!answer.ok) return answer;
  const { result } = answer;
  const bytes = result.columns.reduce((sum, column) => sum + column.length, 0);
  if (bytes < WORTH_MOVING) return answer;
  // Only here: most threads never need the pool's own code.
  const { move, transferableSymbol, valueSymbol } = (await importModule('piscina')) as unknown as typeof import('piscina');
  return move({
    [transferableSymbol]: result.columns.map(column => column.buffer),
    [valueSymbol]: answer,
  } as never) as unknown as ThreadAnswer;
}

export class ThreadRunner {
  private readonly tasks = new TaskRunner();
  private readonly kernels: Kernels;
  private readonly openBlocks = new OpenBlocks();
  /** A slot's environment: what a thread takes from the heap is booked under the slot of its task. */
  private readonly envs = new Map<number, TaskEnv>();

  constructor(
    private readonly data: ThreadData,
    private readonly calls: Pick<DriverCalls, 'processStarted' | 'processEnded'>,
  ) {
    this.kernels = data.kernels === undefined ? twinKernels(data.memory) : wasmKernels(data.kernels, data.memory);
  }

  /** Never rejects. */
  async run({ slot, spec }: ThreadTask): Promise<ThreadAnswer> {
    try {
      return { ok: true, result: await this.tasks.run(spec, this.env(slot)) };
    } catch (error) {
      return { ok: false, error: toErrorRecord(error) };
    }
  }

  private env(slot: number): TaskEnv {
    let env = this.envs.get(slot);
    if (env === undefined) {
      const { memory, cancelFlags, spillDirectory } = this.data;
      const heap = Heap.open(memory, slot);
      const flag = cancelFlags + slot * 4;
      env = {
        thread: slot as ThreadId,
        executor: 'local',
        heap,
        store: new ShuffleStore(heap, spillDirectory === undefined ? undefined : new SpillFiles(localFileSystem, spillDirectory)),
        kernels: this.kernels,
        openBlocks: this.openBlocks,
        files: localFileSystem,
        processes: {
          started: pid => this.calls.processStarted(slot, pid),
          ended: pid => this.calls.processEnded(slot, pid),
        },
        checkCancelled() {
          if (loadWord(heap.i32, flag) !== 0) throw new HeddleError('HEDDLE_CANCELLED', 'the task was called off');
        },
      };
      this.envs.set(slot, env);
    }
    return env;
  }
}
