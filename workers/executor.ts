// An executor process of a driver on the same machine. All that it has to know it is told by the channel between the two, the
// secret too. When that closes, because the driver wants it no more or is gone, however that came, the process ends.

import { HeddleError } from '../lib/core/errors.js';
import type { ProcessConfig } from '../lib/transport/process/messages.js';
import { Executor } from '../lib/transport/tcp/executor.js';

/** How long it may take to end what it does; what is left of it then is ended with it. */
const GRACE_MS = 3000;

let executor: Executor | undefined;

process.title = 'heddle executor';
process.on('SIGINT', () => {}); // a terminal sends it to the driver, too, who knows what is to be done
process.once('disconnect', async () => {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
  await executor?.close();
  process.exit();
});
process.once('message', async ({ name, driver, secret, memory, kernels, spillDirectory }: ProcessConfig) => {
  try {
    executor = await Executor.start({
      name,
      threads: 1,
      memory,
      kernels,
      spillDirectory,
      secret,
      connect: driver,
      // The driver may compute for as long as it likes; that it is gone the channel tells.
      leaseMs: Number.POSITIVE_INFINITY,
      log: () => {},
    });
    await executor.ended;
  } catch (error) {
    // The last line that it says is what its driver tells of its end.
    process.stderr.write(error instanceof HeddleError ? `${error.message}\n` : `${error}\n`);
    process.exit(1);
  }
});
