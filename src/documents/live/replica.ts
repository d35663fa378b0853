import * as Y from 'yjs';
import { MAX_DOCUMENT_BYTES } from '../content.js';
import { splicesBetween } from '../editing/splices.js';
import { LiveDocumentFull, MalformedUpdate } from './live.errors.js';
import type { StoredUpdate } from './updates.repository.js';

/** The name of the `Y.Text` that is the document's text. */
const TEXT = 'content';
/** Of the encoded state, what was deleted included. */
const MAX_STATE_BYTES = 8 * 1024 * 1024;
/** The author of the text that a document begins with, the same in every replica. */
const BEGINNING = 1;

/** What was new in an update, whether it was all taken, and what ends or undoes it. */
export interface Taken {
  taken: Uint8Array | undefined;
  whole: boolean;
  finish: Finish;
}

/** Ends a change that may be taken back, or takes it back. */
type Finish = (back: boolean) => Uint8Array | undefined;

const NOTHING: Finish = () => undefined;

/** The server's own copy of a live document, which takes what fits and nothing else. */
export class Replica {
  readonly doc = new Y.Doc();
  private readonly content = this.doc.getText(TEXT);
  /** Upper bounds, counted exactly only when they come near their limits. */
  private textBytes = 0;
  private stateBytes = 0;

  get text(): string {
    return this.content.toJSON();
  }

  set text(text: string) {
    // From the end, so that the places of those before stay.
    for (const [at, deleted, inserted] of splicesBetween(this.text, text).reverse()) {
      this.content.delete(at, deleted);
      this.content.insert(at, inserted);
    }
  }

  get state(): Uint8Array {
    return Y.encodeStateAsUpdate(this.doc);
  }

  /** Takes what the database has, in one step. Answers it as one update; undefined where there is none. */
  load(stored: readonly StoredUpdate[]): Uint8Array | undefined {
    const updates = stored.map(({ payload, text }) => payload ?? beginning(text ?? ''));
    if (updates.length === 0) return undefined;
    const update = Y.mergeUpdates(updates);
    Y.applyUpdate(this.doc, update);
    this.grown(update.length);
    return update;
  }

  /**
   * Takes a client's update. What builds on changes that nobody has sent is left out, so that nothing waits in memory.
   * Answers what was new in it, undefined where nothing was, and whether it was all taken.
   * @throws MalformedUpdate, LiveDocumentFull; the document is as it was
   */
  take(update: Uint8Array, revocable: boolean): Taken {
    const { structs } = decoded(update);
    // What only deletes is always taken: it makes room.
    if (structs.length > 0) this.assertRoom(update.length);
    const apply = (origin?: object): void => Y.applyUpdate(this.doc, update, origin);
    const { update: taken, finish } = revocable
      ? this.revocably(apply)
      : { update: this.changes(apply), finish: NOTHING };
    const { store } = this.doc;
    const whole = store.pendingStructs === null && store.pendingDs === null;
    store.pendingStructs = null;
    store.pendingDs = null;
    return { taken, whole, finish };
  }

  /**
   * As `changes`, with a way back: `finish(true)` gives what undoes it, as an update that is made on top of it. Whoever
   * has taken the change in takes that in as well, and everybody ends at the same document without it. It must be
   * finished, for until then everything that happens to the document is watched.
   */
  revocably(change: (origin: object) => void): { update: Uint8Array | undefined; finish: Finish } {
    const origin = {};
    const undo = new Y.UndoManager(this.doc, { trackedOrigins: new Set([origin]), captureTimeout: 0 });
    const update = this.changes(() => change(origin));
    const finish = (back: boolean): Uint8Array | undefined => {
      const inverse = back ? this.changes(() => undo.undo()) : undefined;
      undo.destroy();
      return inverse;
    };
    return { update, finish };
  }

  /** What `change` does to the document, as an update. */
  changes(change: () => void): Uint8Array | undefined {
    const made: Uint8Array[] = [];
    const note = (update: Uint8Array): void => void made.push(update);
    this.doc.on('update', note);
    try {
      change();
    } finally {
      this.doc.off('update', note);
    }
    if (made.length === 0) return undefined;
    const update = Y.mergeUpdates(made);
    this.grown(update.length);
    return update;
  }

  private grown(bytes: number): void {
    this.textBytes += bytes;
    this.stateBytes += bytes;
  }

  private assertRoom(bytes: number): void {
    if (this.textBytes + bytes > MAX_DOCUMENT_BYTES) {
      this.textBytes = Buffer.byteLength(this.text);
      if (this.textBytes + bytes > MAX_DOCUMENT_BYTES) throw new LiveDocumentFull('text', MAX_DOCUMENT_BYTES);
    }
    if (this.stateBytes + bytes > MAX_STATE_BYTES) {
      this.stateBytes = this.state.length;
      if (this.stateBytes + bytes > MAX_STATE_BYTES) throw new LiveDocumentFull('state', MAX_STATE_BYTES);
    }
  }
}

/** Whether an update says anything. @throws MalformedUpdate */
export function saysNothing(update: Uint8Array): boolean {
  const { structs, ds } = decoded(update);
  return structs.length === 0 && ds.clients.size === 0;
}

function decoded(update: Uint8Array): ReturnType<typeof Y.decodeUpdate> {
  try {
    return Y.decodeUpdate(update);
  } catch {
    throw new MalformedUpdate('Yjs update');
  }
}

function beginning(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = BEGINNING;
  doc.getText(TEXT).insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}
