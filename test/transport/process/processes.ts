// A driver's transport to executor processes that it starts itself.
import { tmpdir } from 'node:os';
import { ShuffleOutputs } from '../../../lib/plan/shuffle-outputs.js';
import { type ProcessOptions, ProcessTransport } from '../../../lib/transport/process/processes.js';
import { bookStore } from '../tcp/cluster.js';

export async function openProcesses(options: Partial<ProcessOptions> = {}) {
  const store = bookStore();
  const outputs: ShuffleOutputs = new ShuffleOutputs(store, shuffle => transport.freeShuffle(shuffle));
  const transport = await ProcessTransport.open({
    name: 'test',
    processes: 1,
    memory: 64 * 2 ** 20,
    kernels: 'on',
    spillDirectory: tmpdir(),
    outputs,
    storageFraction: 0.5,
    log: () => {},
    ...options,
  });
  return { transport, store, outputs };
}
