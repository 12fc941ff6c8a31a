// A Node message port as the endpoint that comlink expects, which is a browser's.

import type { MessagePort } from 'node:worker_threads';
import type { Endpoint } from 'comlink';

type Listener = ((event: { data: unknown }) => void) | { handleEvent(event: { data: unknown }): void };

export function nodeEndpoint(port: MessagePort): Endpoint {
  const handlers = new Map<unknown, (data: unknown) => void>();
  const endpoint = {
    postMessage: (message: unknown, transfer?: readonly unknown[]) => port.postMessage(message, (transfer ?? []) as never),
    addEventListener(_type: string, listener: Listener) {
      const handler = (data: unknown) => ('handleEvent' in listener ? listener.handleEvent({ data }) : listener({ data }));
      port.on('message', handler);
      handlers.set(listener, handler);
    },
    removeEventListener(_type: string, listener: Listener) {
      const handler = handlers.get(listener);
      if (handler !== undefined) port.off('message', handler);
      handlers.delete(listener);
    },
    start: () => port.start(),
  };
  return endpoint as unknown as Endpoint;
}
