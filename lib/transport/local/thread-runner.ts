// What runs in a worker thread: tasks, each under the slot that the driver gave it.

import { HeddleError, toErrorRecord } from '../../core/errors.js';
import type { ThreadId } from '../../core/ids.js';
import { Heap } from '../../shuffle/heap/allocator.js';
import { loadWord } from '../../shuffle/heap/words.js';
import { type Kernels, twinKernels, wasmKernels } from '../../shuffle/kernels.js';
import { OpenBlocks } from '../../shuffle/map-output.js';
import { ShuffleStore } from '../../shuffle/store.js';
import { localFileSystem } from '../../storage/local-file-system.js';
import type { TaskEnv } from '../../task/env.js';
import { TaskRunner } from '../../task/run.js';
import type { TaskResult } from '../../task/spec.js';
import type { ThreadAnswer, ThreadData, ThreadTask } from './messages.js';

/** Bytes of an answer that are worth moving to the driver instead of copying them. */
const WORTH_MOVING = 16 * 1024;

async function moved(result: TaskResult): Promise<ThreadAnswer> {
  const answer: ThreadAnswer = { ok: true, result };
  const bytes = result.columns.reduce((sum, column) => sum + column.length, 0);
  if (bytes < WORTH_MOVING) return answer;
  const { move, transferableSymbol, valueSymbol } = await import('piscina'); // only here: most threads never need the pool's own code
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

  constructor(private readonly data: ThreadData) {
    this.kernels = data.kernels === undefined ? twinKernels(data.memory) : wasmKernels(data.kernels, data.memory);
  }

  /** Never rejects. */
  async run({ slot, spec }: ThreadTask): Promise<ThreadAnswer> {
    try {
      return await moved(await this.tasks.run(spec, this.env(slot)));
    } catch (error) {
      return { ok: false, error: toErrorRecord(error) };
    }
  }

  private env(slot: number): TaskEnv {
    let env = this.envs.get(slot);
    if (env === undefined) {
      const { memory, cancelFlags } = this.data;
      const heap = Heap.open(memory, slot);
      const flag = cancelFlags + slot * 4;
      env = {
        thread: slot as ThreadId,
        executor: 'local',
        heap,
        store: new ShuffleStore(heap),
        kernels: this.kernels,
        openBlocks: this.openBlocks,
        files: localFileSystem,
        checkCancelled() {
          if (loadWord(heap.i32, flag) !== 0) throw new HeddleError('HEDDLE_CANCELLED', 'the task was called off');
        },
      };
      this.envs.set(slot, env);
    }
    return env;
  }
}
