import { createDecoder, hasContent, readVarUint, readVarUint8Array } from 'lib0/decoding';
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from 'lib0/encoding';
import { WebSocket } from 'ws';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type LiveDocuments, MalformedUpdate, type Room, type RoomClient } from '../../../documents/index.js';
import { DomainError, NotFound } from '../../../shared/errors/index.js';

/** Of y-websocket. */
const SYNC = 0;
const AWARENESS = 1;
const AUTH = 2;
const QUERY_AWARENESS = 3;
/** Of y-protocols/sync. */
const STEP_1 = 0;
const STEP_2 = 1;
const UPDATE = 2;

/** A client that does not take this much is given up: it comes again and gets what it lacks. */
const SLOW_BYTES = 16 * 1024 * 1024;
/** Rights that changed count at most so much later. */
const RIGHTS_MS = 1_000;
/** What one client says of itself, and how many it may be. */
const MAX_AWARENESS_BYTES = 16 * 1024;
const MAX_AWARENESS_CLIENTS = 10;

/** Follow the statuses of HTTP, as those of `/v1/ws` do. */
export const YJS_CLOSE_CODES = {
  invalid: 4400,
  forbidden: 4403,
  not_found: 4404,
  too_large: 4413,
  again: 1012,
} as const;

interface Opened {
  tenantId: string;
  documentId: string;
  authorId: string;
  mayWrite: boolean;
  /** Whether its author may write now. @throws NotFound when he may not even read any more */
  mayWriteNow: () => Promise<boolean>;
}

/** One client of a live document, in the protocol of y-websocket. */
export class YjsConnection implements RoomClient {
  readonly authorId: string;
  mayWrite: boolean;
  private readonly room: Room;
  /** What this connection said of its clients. */
  private readonly own = new Awareness(new Y.Doc());
  private heard = true;
  /** By `performance.now()`. */
  private judgedAt = performance.now();

  constructor(
    private readonly ws: WebSocket,
    private readonly live: LiveDocuments,
    private readonly opened: Opened,
    onClosed: (connection: YjsConnection) => void,
  ) {
    this.authorId = opened.authorId;
    this.mayWrite = opened.mayWrite;
    this.own.setLocalState(null);
    this.room = live.room(opened.tenantId, opened.documentId);
    ws.on('message', (data: Buffer, binary: boolean) => this.received(data, binary));
    ws.on('pong', () => (this.heard = true));
    ws.on('error', () => undefined);
    ws.once('close', () => {
      this.left();
      onClosed(this);
    });
    this.room.join(this).then(
      () => this.introduce(),
      (error: Error) => this.refused(error),
    );
  }

  update(update: Uint8Array): void {
    this.sync(UPDATE, update);
  }

  ask(stateVector: Uint8Array): void {
    this.sync(STEP_1, stateVector);
  }

  awareness(update: Uint8Array): void {
    this.send(AWARENESS, (encoder) => writeVarUint8Array(encoder, update));
  }

  refused(reason: Error): void {
    const kind = reason instanceof DomainError ? reason.kind : 'again';
    const code = kind in YJS_CLOSE_CODES ? YJS_CLOSE_CODES[kind as keyof typeof YJS_CLOSE_CODES] : 1012;
    const text = reason instanceof DomainError ? reason.message : 'Come again.';
    if (code === YJS_CLOSE_CODES.forbidden) this.denied(reason);
    this.close(code, text);
  }

  denied({ message }: Error): void {
    this.send(AUTH, (encoder) => {
      writeVarUint(encoder, 0);
      writeVarString(encoder, message);
    });
  }

  close(code: number, text: string): void {
    this.room.leave(this);
    this.ws.close(code, text.slice(0, 120));
  }

  presence(): Uint8Array | undefined {
    const ids = [...this.own.getStates().keys()];
    return ids.length > 0 ? encodeAwarenessUpdate(this.own, ids) : undefined;
  }

  async refresh(): Promise<void> {
    if (performance.now() - this.judgedAt < RIGHTS_MS) return;
    this.judgedAt = performance.now();
    try {
      this.mayWrite = await this.opened.mayWriteNow();
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      this.mayWrite = false;
      this.refused(error);
    }
  }

  /** A client that gave no sign of life since the last time is gone. */
  ping(): void {
    if (!this.heard) return this.ws.terminate();
    this.heard = false;
    this.ws.ping();
    // Who only reads is asked for nothing else.
    this.refresh().catch((error: Error) => this.refused(error));
  }

  private received(data: Buffer, binary: boolean): void {
    this.heard = true;
    if (this.ws.readyState !== WebSocket.OPEN) return;
    try {
      if (!binary) throw new MalformedUpdate('binary message');
      this.read(data);
    } catch (error) {
      // What the decoders throw is about the message.
      this.refused(error instanceof DomainError ? error : new MalformedUpdate('message of y-websocket'));
    }
  }

  private read(data: Uint8Array): void {
    const decoder = createDecoder(data);
    const type = readVarUint(decoder);
    if (type === QUERY_AWARENESS) return this.introduce();
    if (type !== SYNC && type !== AWARENESS) throw new MalformedUpdate('message of y-websocket');
    const step = type === SYNC ? readVarUint(decoder) : undefined;
    const payload = readVarUint8Array(decoder);
    if (hasContent(decoder)) throw new MalformedUpdate('message of y-websocket');
    if (step === undefined) this.saidOfItself(payload);
    else if (step === STEP_1) this.answer(payload);
    else if (step === STEP_2 || step === UPDATE) this.room.receive(this, payload);
    else throw new MalformedUpdate('message of y-protocols/sync');
  }

  private answer(stateVector: Uint8Array): void {
    Y.decodeStateVector(stateVector);
    this.room.missing(stateVector).then(
      (update) => this.sync(STEP_2, update),
      (error: Error) => this.refused(error),
    );
  }

  private introduce(): void {
    this.live.introduce(this.opened.tenantId, this.opened.documentId, this);
  }

  private saidOfItself(update: Uint8Array): void {
    if (update.length > MAX_AWARENESS_BYTES) throw new MalformedUpdate('awareness of at most 16 KiB');
    applyAwarenessUpdate(this.own, update, this);
    if (this.own.meta.size > MAX_AWARENESS_CLIENTS) throw new MalformedUpdate('awareness of a single client');
    this.live.awareness(this.opened.tenantId, this.opened.documentId, update, this);
  }

  private left(): void {
    this.room.leave(this);
    const ids = [...this.own.getStates().keys()];
    removeAwarenessStates(this.own, ids, this);
    if (ids.length > 0) {
      const gone = encodeAwarenessUpdate(this.own, ids);
      this.live.awareness(this.opened.tenantId, this.opened.documentId, gone, this);
    }
    this.own.destroy();
  }

  private sync(step: number, payload: Uint8Array): void {
    this.send(SYNC, (encoder) => {
      writeVarUint(encoder, step);
      writeVarUint8Array(encoder, payload);
    });
  }

  private send(type: number, write: (encoder: ReturnType<typeof createEncoder>) => void): void {
    if (this.ws.readyState !== WebSocket.OPEN) return;
    if (this.ws.bufferedAmount > SLOW_BYTES) return this.ws.terminate();
    const encoder = createEncoder();
    writeVarUint(encoder, type);
    write(encoder);
    this.ws.send(toUint8Array(encoder));
  }
}
