// The contract of transports, for those that there are.
import { ShuffleOutputs } from '../../lib/plan/shuffle-outputs.js';
import { compileKernels } from '../../lib/shuffle/kernels.js';
import { LocalTransport } from '../../lib/transport/local/local.js';
import { testTransport } from '../conformance/transport.js';
import { openProcesses } from './process/processes.js';
import { bookStore, Cluster } from './tcp/cluster.js';

testTransport('local threads', async () => {
  const store = bookStore(2);
  const transport = new LocalTransport({ threads: 2, heap: store.heap, store, kernels: compileKernels() });
  return { transport, store, outputs: new ShuffleOutputs(store), cleanUp: async () => {} };
});

testTransport('executors that dial', async () => {
  const cluster = await Cluster.open({ executors: [1, 2] });
  return { ...cluster.driver, cleanUp: () => cluster.close() };
});

testTransport('executors that are dialled', async () => {
  const cluster = await Cluster.open({ executors: [1, 1], dialled: true });
  return { ...cluster.driver, cleanUp: () => cluster.close() };
});

testTransport('processes of the driver', async () => {
  const { transport, store, outputs } = await openProcesses({ processes: 2 });
  return { transport, store, outputs, cleanUp: async () => {} };
});
