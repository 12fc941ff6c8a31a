// One connection, from its greeting to its end. Messages of any size go both ways, in order, cut into frames where they are
// large; urgent ones overtake others between two frames. Besides, one end may send the other raw bytes: shuffle data.
//
// Memory: what waits in the socket is bounded by WRITE_WINDOW, what comes in by one frame and one message under way. Messages
// that wait to be written are the sender's own bytes. Both ends send heartbeats; an end that hears no whole frame for
// SILENCE_MS gives the other up. Whatever ends the connection, `closed` is called once, after the greeting.

import type { Socket } from 'node:net';
import { FRAME_HEADER, FrameReader, frameHeader } from '../../codec/frame.js';
import { decodeMessage, encodeMessage } from '../../codec/message.js';
import type { Clock } from '../../core/clock.js';
import { HeddleError } from '../../core/errors.js';
import { decodeHello, decodeRefusal, encodeHello, encodeRefusal, type Hello } from './greeting.js';
import { HEARTBEAT_MS, MOST_FRAME, MOST_HELLO, MOST_MESSAGE, PART, SILENCE_MS, WRITE_WINDOW } from './limits.js';

const FrameType = { hello: 1, refused: 2, heartbeat: 3, message: 4, long: 5, part: 6, data: 7 } as const;

export interface ConnectionEvents<In> {
  message(message: In): void;
  /** Where raw bytes go that come in. Absent: there are none to come. */
  dataTarget?(length: number): Uint8Array;
  /** They are there, and add up. */
  data?(bytes: Uint8Array): void;
  /** The connection is over, by whatever end. */
  closed(error: HeddleError): void;
}

export interface ConnectionOptions<In> {
  readonly clock: Clock;
  readonly hello: Hello;
  /** This end speaks first. */
  readonly asks: boolean;
  /** How long the other end may be silent. */
  readonly silenceMs?: number;
  /** Messages come in shared memory, so that threads can have parts of them without a copy. */
  readonly sharedMemory?: boolean;
  /** Who the other end is; says who takes what comes from it. Throws to refuse it. */
  greeted(peer: Hello): ConnectionEvents<In>;
  /** The connection ended before that. */
  failed(error: HeddleError): void;
}

interface Outgoing {
  readonly type: number;
  readonly parts: readonly Uint8Array[];
}

export class Connection<In, Out> {
  private readonly reader: FrameReader;
  private readonly urgent: Outgoing[] = [];
  private readonly queue: Iterator<Outgoing>[] = [];
  private events: ConnectionEvents<In> | undefined;
  private assembling: { readonly bytes: Uint8Array; fill: number } | undefined;
  private lastHeard: number;
  private lastWritten: number;
  private nextBeat = 0;
  private stopBeating = (): void => {};
  private isCorked = false;
  private isWaiting = false;
  private isOver = false;
  private readonly onRoom: (() => void)[] = [];

  constructor(
    private readonly socket: Socket,
    private readonly options: ConnectionOptions<In>,
  ) {
    this.lastHeard = this.lastWritten = options.clock.now();
    this.reader = new FrameReader(
      {
        target: (type, _flags, length) => this.target(type, length),
        frame: (type, _flags, payload) => this.frame(type, payload),
      },
      MOST_HELLO,
    );
    socket.on('data', (chunk: Uint8Array) => this.take(chunk));
    socket.on('drain', () => {
      this.isWaiting = false;
      this.pump();
    });
    socket.on('error', (error: Error) => this.end(lost(error.message, error)));
    socket.on('end', () => this.end(lost('the other end closed it')));
    socket.on('close', () => this.end(lost('it was closed')));
    if (options.asks) this.write({ type: FrameType.hello, parts: [encodeHello(options.hello)] });
  }

  /**
   * Sends a message, after those before it; `written` is called when it has gone to the socket. Throws HEDDLE_FRAME_LIMIT. Once the
   * connection is over, does nothing.
   */
  send(message: Out, written?: () => void): void {
    if (this.isOver) return;
    this.queue.push(framesOf(encodeMessage(message), written));
    this.pump();
  }

  /** Sends a short message before all that are waiting. */
  sendNow(message: Out): void {
    if (this.isOver) return;
    this.urgent.push({ type: FrameType.message, parts: encodeMessage(message) });
    this.pump();
  }

  /** Sends raw bytes, at most PART of them. Leave them as they are until there is room again. */
  sendData(parts: readonly Uint8Array[]): void {
    if (this.isOver) return;
    this.queue.push([{ type: FrameType.data, parts }].values());
    this.pump();
  }

  /** Resolves once nothing waits but in the socket, or the connection is over. */
  async room(): Promise<void> {
    while (!this.isOver && this.queue.length > 0) await new Promise<void>(resolve => this.onRoom.push(resolve));
  }

  /** Writes what is waiting, and ends the connection. */
  async close(): Promise<void> {
    await this.room();
    this.end(lost('this end closed it'), 'flush');
  }

  /** Ends the connection at once. */
  destroy(error: HeddleError): void {
    this.end(error);
  }

  private take(chunk: Uint8Array): void {
    if (this.isOver) return;
    try {
      this.reader.push(chunk);
    } catch (error) {
      const coded = error instanceof HeddleError ? error : new HeddleError('HEDDLE_INTERNAL', `${error}`, { cause: error });
      // A refusal that was just written is still to go out.
      this.end(coded, this.events === undefined ? 'flush' : 'drop');
    }
  }

  private target(type: number, length: number): Uint8Array {
    if (type === FrameType.part) {
      const { bytes, fill } = this.assembling ?? unexpected(type);
      if (fill + length > bytes.length) unexpected(type);
      return bytes.subarray(fill, fill + length);
    }
    if (type === FrameType.data) {
      const target = this.events?.dataTarget?.(length);
      return target ?? unexpected(type);
    }
    return new Uint8Array(length);
  }

  private frame(type: number, payload: Uint8Array): void {
    this.lastHeard = this.options.clock.now();
    if (this.events === undefined) {
      this.greet(type, payload);
      return;
    }
    switch (type) {
      case FrameType.heartbeat:
        return;
      case FrameType.message:
        this.events.message(decodeMessage(payload) as In);
        return;
      case FrameType.long:
        this.begin(payload);
        return;
      case FrameType.part: {
        const assembling = this.assembling!;
        assembling.fill += payload.length;
        if (assembling.fill < assembling.bytes.length) return;
        this.assembling = undefined;
        this.events.message(decodeMessage(assembling.bytes) as In);
        return;
      }
      case FrameType.data:
        this.events.data?.(payload);
        return;
      default:
        unexpected(type);
    }
  }

  private begin(payload: Uint8Array): void {
    if (payload.length !== 8 || this.assembling !== undefined) unexpected(FrameType.long);
    const length = new DataView(payload.buffer, payload.byteOffset).getFloat64(0, true);
    if (!Number.isInteger(length) || length < 1 || length > MOST_MESSAGE) throw tooLong(length);
    const bytes = new Uint8Array(this.options.sharedMemory === true ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
    this.assembling = { bytes, fill: 0 };
  }

  private greet(type: number, payload: Uint8Array): void {
    const { options } = this;
    if (type === FrameType.refused) {
      throw decodeRefusal(payload);
    }
    if (type !== FrameType.hello) unexpected(type);
    try {
      const events = options.greeted(decodeHello(payload));
      if (!options.asks) this.write({ type: FrameType.hello, parts: [encodeHello(options.hello)] });
      this.events = events;
    } catch (error) {
      if (!options.asks) this.write({ type: FrameType.refused, parts: [encodeRefusal(error as Error)] });
      throw error;
    }
    this.reader.limit = MOST_FRAME;
    this.nextBeat = options.clock.now();
    this.beat();
    this.pump();
  }

  private beat(): void {
    const { clock, silenceMs = SILENCE_MS } = this.options;
    const now = clock.now();
    // A thread that was busy itself has yet to read what came meanwhile.
    const isLate = now - this.nextBeat > HEARTBEAT_MS;
    if (!isLate && now - this.lastHeard > silenceMs) {
      this.end(lost(`nothing was heard from the other end for ${Math.round((now - this.lastHeard) / 1000)} s`));
      return;
    }
    if (now - this.lastWritten >= HEARTBEAT_MS / 2) {
      this.urgent.push({ type: FrameType.heartbeat, parts: [] });
      this.pump();
    }
    this.nextBeat = now + HEARTBEAT_MS;
    this.stopBeating = clock.after(HEARTBEAT_MS, () => this.beat());
  }

  private pump(): void {
    if (this.events === undefined) return;
    while (!this.isOver && !this.isWaiting) {
      const next = this.urgent.shift() ?? this.next();
      if (next === undefined) break;
      this.write(next);
    }
    if (this.queue.length === 0) for (const resolve of this.onRoom.splice(0)) resolve();
  }

  private next(): Outgoing | undefined {
    for (let first = this.queue[0]; first !== undefined; first = this.queue[0]) {
      const { value, done } = first.next();
      if (done !== true) return value;
      this.queue.shift();
    }
    return undefined;
  }

  private write({ type, parts }: Outgoing): void {
    const { socket } = this;
    this.lastWritten = this.options.clock.now();
    if (!this.isCorked) {
      // What is written in one go of the event loop becomes one write.
      this.isCorked = true;
      socket.cork();
      process.nextTick(() => {
        this.isCorked = false;
        socket.uncork();
      });
    }
    let isFull = !socket.write(frameHeader(type, 0, parts));
    for (const part of parts) if (part.length > 0) isFull = !socket.write(part);
    this.isWaiting = isFull && socket.writableLength >= WRITE_WINDOW;
  }

  private end(error: HeddleError, written: 'flush' | 'drop' = 'drop'): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopBeating();
    this.queue.length = this.urgent.length = 0;
    this.assembling = undefined;
    if (written === 'flush') this.flush();
    else this.socket.destroy();
    for (const resolve of this.onRoom.splice(0)) resolve();
    if (this.events === undefined) this.options.failed(error);
    else this.events.closed(error);
  }

  /** Ends the socket once all is written; an end that reads no more is not waited for longer than one that is silent. */
  private flush(): void {
    const { clock, silenceMs = SILENCE_MS } = this.options;
    const stopWaiting = clock.after(silenceMs, () => this.socket.destroy());
    this.socket.once('close', stopWaiting);
    this.socket.destroySoon();
  }
}

/** The frames of a message. */
function framesOf(parts: readonly Uint8Array[], written = (): void => {}): Generator<Outgoing> {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > MOST_MESSAGE) throw tooLong(length);
  return length <= PART ? shortFrame(parts, written) : longFrames(parts, length, written);
}

function* shortFrame(parts: readonly Uint8Array[], written: () => void): Generator<Outgoing> {
  yield { type: FrameType.message, parts };
  written();
}

function* longFrames(parts: readonly Uint8Array[], length: number, written: () => void): Generator<Outgoing> {
  const total = new Uint8Array(8);
  new DataView(total.buffer).setFloat64(0, length, true);
  yield { type: FrameType.long, parts: [total] };
  let piece: Uint8Array[] = [];
  let room = PART - FRAME_HEADER;
  for (const part of parts) {
    for (let at = 0; at < part.length; ) {
      const take = Math.min(room, part.length - at);
      piece.push(part.subarray(at, at + take));
      at += take;
      room -= take;
      if (room > 0) continue;
      yield { type: FrameType.part, parts: piece };
      piece = [];
      room = PART - FRAME_HEADER;
    }
  }
  if (piece.length > 0) yield { type: FrameType.part, parts: piece };
  written();
}

function tooLong(length: number): HeddleError {
  return new HeddleError('HEDDLE_FRAME_LIMIT', `a message of ${length} bytes, and the limit is ${MOST_MESSAGE}: use more partitions`, {
    data: { length, limit: MOST_MESSAGE },
  });
}

function unexpected(type: number): never {
  throw new HeddleError('HEDDLE_CORRUPT', `a frame of type ${type} came in where none is due`, { data: { type } });
}

function lost(why: string, cause?: unknown): HeddleError {
  return new HeddleError('HEDDLE_CONNECTION_LOST', `the connection ended: ${why}`, cause === undefined ? {} : { cause });
}
