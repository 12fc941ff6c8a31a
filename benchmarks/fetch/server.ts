// Serves the output of a map task of SIZE bytes, over loopback: WIRE SIZE. Tells its port in a line of its own.
import { type AddressInfo, createServer } from 'node:net';
import { SYSTEM_CLOCK } from '../../lib/core/clock.js';
import { Heap } from '../../lib/shuffle/heap/allocator.js';
import { reserveHeap } from '../../lib/shuffle/heap/memory.js';
import { MapOutput } from '../../lib/shuffle/map-output.js';
import { OpenBlocks } from '../../lib/shuffle/open-blocks.js';
import { ShuffleStore } from '../../lib/shuffle/store.js';
import { localFileSystem } from '../../lib/storage/local-file-system.js';
import { LocalHolder } from '../../lib/task/stored/local-holder.js';
import { Connection } from '../../lib/transport/tcp/connection.js';
import { FetchServer } from '../../lib/transport/tcp/fetch-server.js';
import type { Hello } from '../../lib/transport/tcp/greeting.js';
import { Listener } from '../../lib/transport/tcp/listener.js';
import type { FromFetcher, FromServer } from '../../lib/transport/tcp/messages.js';
import { ShuffleDirectory } from '../../lib/transport/tcp/shuffle-directory.js';
import { StoredTable } from '../../lib/transport/tcp/stored-table.js';
import { ATTEMPT, heapFor, KEY, REDUCE, RUN_BYTES, SESSION, SHUFFLE } from './wire.js';

const [wire, size] = process.argv.slice(2);
const bytes = Number(size);
const store = new ShuffleStore(Heap.format(reserveHeap(heapFor(bytes)), { threads: 1 }));
const directory = new ShuffleDirectory(store);
const ref = directory.use({ id: SHUFFLE, address: 0, maps: 1, reducers: 1, groups: 0 });
const output = new MapOutput(store, ref, 0, ATTEMPT, new OpenBlocks());
for (let at = 0; at < bytes; at += RUN_BYTES) {
  output.append(REDUCE, RUN_BYTES / 8, RUN_BYTES, target => new Float64Array(target.buffer, target.byteOffset, RUN_BYTES / 8).fill(at));
}
output.commit();

const nowhere = () => '';
const table = new StoredTable(new LocalHolder(store.heap, localFileSystem, 0, nowhere), nowhere);
const server = new FetchServer(SESSION, store, directory, table, { find: () => undefined });
const host = '127.0.0.1';
let port: number;
if (wire === 'plain') port = await listenPlainly();
else {
  const listener = await Listener.open<FromFetcher, FromServer>({
    address: { host, port: 0 },
    key: KEY,
    clock: SYSTEM_CLOCK,
    log() {},
    hello,
    greeted: (_peer, connection) => server.events(connection),
  });
  ({ port } = listener.address);
}
process.stdout.write(`${port}\n`);
process.stdin.resume().once('end', () => process.exit());

function hello(): Hello {
  return { role: 'executor', name: 'benchmark', threads: 1, memory: 0, serves: { host, port } };
}

async function listenPlainly(): Promise<number> {
  const plain = createServer({ noDelay: true }, socket => {
    const connection: Connection<FromFetcher, FromServer> = new Connection<FromFetcher, FromServer>(socket, {
      clock: SYSTEM_CLOCK,
      hello: hello(),
      asks: false,
      greeted: () => server.events(connection),
      failed: error => process.stderr.write(`${error.message}\n`),
    });
  });
  await new Promise<void>(resolve => plain.listen(0, host, resolve));
  return (plain.address() as AddressInfo).port;
}
