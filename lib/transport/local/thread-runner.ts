// What runs tasks, in a worker thread or, where they are small, in the main one; each under the index that the driver gave it.

import { HeddleError, toErrorRecord } from '../../core/errors.js';
import type { ThreadId } from '../../core/ids.js';
import { importModule } from '../../core/script-imports.js';
import { Heap } from '../../shuffle/heap/allocator.js';
import { loadWord, storeWord } from '../../shuffle/heap/words.js';
import { type Kernels, twinKernels, wasmKernels } from '../../shuffle/kernels.js';
import { OpenBlocks } from '../../shuffle/open-blocks.js';
import { ShuffleStore } from '../../shuffle/store.js';
import { localFileSystem } from '../../storage/local-file-system.js';
import { SpillFiles } from '../../storage/spill-files.js';
import type { TaskEnv } from '../../task/env.js';
import { TaskRunner } from '../../task/run.js';
import type { TaskResult, TaskSpec } from '../../task/spec.js';
import type { PackedAnswers, ThreadAnswer, ThreadBatch, ThreadData } from './messages.js';
import { packAnswers, slotsOf, unpackTask } from './packing.js';

/** Bytes of an answer that are worth moving to the driver: a thread loads the pool's own code for it, in some 20 ms. */
const WORTH_MOVING = 4 << 20;
/** A batch that has taken so long begins no more tasks: another thread may be free for them. */
const BATCH_MS = 2;

/** Answers on their way to the driver: large columns are moved. */
export async function moved(answers: PackedAnswers): Promise<PackedAnswers> {
  const large = answers.others.flatMap(answer => (answer.ok && bytesOf(answer.result) >= WORTH_MOVING ? [answer.result] : []));
  if (large.length === 0) return answers;
  // Only here: most threads never need the pool's own code.
  const { move, transferableSymbol, valueSymbol } = (await importModule('piscina')) as unknown as typeof import('piscina');
  return move({ [transferableSymbol]: large.flatMap(buffersOf), [valueSymbol]: answers } as never) as unknown as PackedAnswers;
}

const bytesOf = ({ columns }: TaskResult) => columns.reduce((sum, column) => sum + column.length, 0);
const buffersOf = ({ columns }: TaskResult) => columns.map(column => column.buffer);

export class ThreadRunner {
  private readonly tasks = new TaskRunner();
  private readonly kernels: Kernels;
  private readonly openBlocks = new OpenBlocks();
  /** The environment under each index. */
  private readonly envs = new Map<number, TaskEnv>();
  /** Address of the cancel flag of the task under way. */
  private flag = 0;

  constructor(private readonly data: ThreadData) {
    this.kernels = data.kernels === undefined ? twinKernels(data.memory) : wasmKernels(data.kernels, data.memory);
  }

  /** Never rejects. */
  async run({ index, tasks }: ThreadBatch): Promise<PackedAnswers> {
    const env = this.env(index);
    const answers: ThreadAnswer[] = [];
    const end = performance.now() + BATCH_MS;
    for (const [i, slot] of slotsOf(tasks).entries()) {
      if (i > 0) {
        if (performance.now() > end) break;
        storeWord(env.heap.i32, this.data.progress + index * 4, i);
      }
      answers.push(await this.runTask(slot, unpackTask(tasks, i), env));
    }
    return packAnswers(answers);
  }

  /** One task by itself, where no message brought it. Never rejects. */
  runOne(index: number, slot: number, spec: TaskSpec): Promise<ThreadAnswer> {
    return this.runTask(slot, spec, this.env(index));
  }

  private async runTask(slot: number, spec: TaskSpec, env: TaskEnv): Promise<ThreadAnswer> {
    this.flag = this.data.cancelFlags + slot * 4;
    try {
      env.checkCancelled();
      return { ok: true, result: await this.tasks.run(spec, env) };
    } catch (error) {
      return { ok: false, error: toErrorRecord(error) };
    }
  }

  private env(index: number): TaskEnv {
    let env = this.envs.get(index);
    if (env === undefined) {
      const { memory, spillDirectory } = this.data;
      const heap = Heap.open(memory, index);
      env = {
        thread: index as ThreadId,
        executor: 'local',
        heap,
        store: new ShuffleStore(heap, spillDirectory === undefined ? undefined : new SpillFiles(localFileSystem, spillDirectory)),
        kernels: this.kernels,
        openBlocks: this.openBlocks,
        files: localFileSystem,
        checkCancelled: () => {
          if (loadWord(heap.i32, this.flag) !== 0) throw new HeddleError('HEDDLE_CANCELLED', 'the task was called off');
        },
      };
      this.envs.set(index, env);
    }
    return env;
  }
}
