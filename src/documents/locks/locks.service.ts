import { Injectable } from '@nestjs/common';
import type { Caller } from '../../shared/auth/index.js';
import { Transactional } from '../../shared/database/index.js';
import { InvalidInput, LockAcquisitionFailed, NotFound } from '../../shared/errors/index.js';
import { EventLog } from '../../shared/events/index.js';
import { newId } from '../../shared/ids/index.js';
import { DocumentAccess } from '../document-access.js';
import type { SharedDocument } from '../document.entity.js';
import { DocumentLockLost, SectionNotFound, TooManyLocks } from '../documents.errors.js';
import { documentLocked, documentUnlocked } from '../documents.events.js';
import { DocumentsService } from '../documents.service.js';
import { exclude } from './exclusion.js';
import { DEFAULT_LOCK_SECONDS, type DocumentLock, type LockMode, type LockWait, MAX_LOCKS } from './lock.js';
import { refusal } from './lock-guard.js';
import { LockQueue } from './lock-queue.js';
import { DocumentLocksRepository } from './locks.repository.js';
import { hasSection } from './sections.js';

export interface AcquireLock {
  mode: LockMode;
  section?: string | undefined;
  /** Until it ends unless it is renewed; 300 unless given, 1,800 at most. */
  seconds?: number | undefined;
  /** How long to wait for others, 30 at most; not at all unless given. */
  waitSeconds?: number | undefined;
}

/** Runs an attempt at most once for a request, and answers what it answered first; what gave nothing is not kept. */
type Once = (take: () => Promise<DocumentLock | undefined>) => Promise<DocumentLock | undefined>;

/** Locks keep others from writing: a whole document, or a section of it, for a time that the holder can renew. */
@Injectable()
export class DocumentLocksService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly access: DocumentAccess,
    private readonly locks: DocumentLocksRepository,
    private readonly queue: LockQueue,
    private readonly events: EventLog,
  ) {}

  /**
   * Takes a lock, or renews the caller's own. Whoever came earlier and waits goes first.
   * @param once wraps each attempt; the waiting between them is outside of it
   * @throws NotFound, NotPermitted, SectionNotFound, TooManyLocks, LockAcquisitionFailed saying who holds it until when, Deadlock
   */
  async acquire(
    caller: Caller,
    id: string,
    given: AcquireLock,
    { signal, once = (take) => take() }: { signal?: AbortSignal; once?: Once } = {},
  ): Promise<DocumentLock> {
    const { mode, section = null, seconds = DEFAULT_LOCK_SECONDS, waitSeconds = 0 } = given;
    assertSection(mode, section);
    const wait: LockWait = { mode, section, id: newId(), documentId: id, holder: caller.actorId };
    const take = async (): Promise<DocumentLock | LockAcquisitionFailed> => {
      let outcome: DocumentLock | LockAcquisitionFailed | undefined;
      const lock = await once(async () => {
        outcome = await this.take(caller, wait, seconds);
        return outcome instanceof LockAcquisitionFailed ? undefined : outcome;
      });
      return lock ?? outcome ?? new LockAcquisitionFailed('document', id, null, null);
    };
    let outcome = await take();
    if (outcome instanceof LockAcquisitionFailed && waitSeconds > 0) {
      outcome = await this.queue.until(caller.tenantId, wait, waitSeconds * 1_000, take, signal);
    }
    if (outcome instanceof LockAcquisitionFailed) throw outcome;
    return outcome;
  }

  /** For a time from now on. @throws NotFound, DocumentLockLost when it has ended or is not the caller's */
  @Transactional()
  async renew(caller: Caller, id: string, lockId: string, seconds = DEFAULT_LOCK_SECONDS): Promise<DocumentLock> {
    await this.documents.getForWriting(caller, id);
    const live = await this.locks.live(caller.tenantId, id);
    const own = live.find((lock) => lock.id === lockId && lock.holder === caller.actorId);
    const by = { holder: caller.actorId, seconds };
    const renewed = own && (await this.locks.extend(caller.tenantId, id, own.token, by));
    if (!renewed) throw new DocumentLockLost(id);
    return renewed;
  }

  /** Gives one's own lock back. @throws NotFound, DocumentLockLost when it has ended or is not the caller's */
  @Transactional()
  async release(caller: Caller, id: string, lockId: string): Promise<void> {
    const document = await this.documents.get(caller, id);
    const released = await this.locks.release(caller.tenantId, id, lockId, caller.actorId);
    if (!released) throw new DocumentLockLost(id);
    await this.ended(caller, document, released);
  }

  /** Takes somebody's lock away. @throws NotFound, NotPermitted without the right to manage the workspace */
  @Transactional()
  async forceRelease(caller: Caller, id: string, lockId: string): Promise<void> {
    const document = await this.documents.get(caller, id);
    await this.access.assertMay(caller, document, 'manage');
    const released = await this.locks.release(caller.tenantId, id, lockId);
    if (!released) throw new NotFound('lock', lockId);
    await this.ended(caller, document, released);
  }

  /** Live locks of a document. @throws NotFound */
  async list(caller: Caller, id: string): Promise<DocumentLock[]> {
    await this.documents.get(caller, id);
    return this.locks.live(caller.tenantId, id);
  }

  /** The caller's own live locks, a thousand at most. */
  ofCaller({ tenantId, actorId }: Caller): Promise<DocumentLock[]> {
    return this.locks.ofHolder(tenantId, actorId, 1_000);
  }

  /** The lock, or why not yet. */
  @Transactional()
  private async take(caller: Caller, wait: LockWait, seconds: number): Promise<DocumentLock | LockAcquisitionFailed> {
    const { documentId: id, holder, mode, section } = wait;
    const { tenantId } = caller;
    const document = await this.documents.getForWriting(caller, id);
    if (section !== null && !hasSection(document, section)) throw new SectionNotFound(id, section);
    const live = await this.locks.live(tenantId, id);
    const held = live.find((lock) => lock.holder === holder && lock.mode === mode && lock.section === section);
    const extended = held && (await this.locks.extend(tenantId, id, held.token, { holder, seconds }));
    if (extended) return extended;
    if (live.length >= MAX_LOCKS) throw new TooManyLocks(id, MAX_LOCKS);
    const inTheWay = live.find((lock) => lock.holder !== holder && exclude(document, lock, wait));
    if (inTheWay) return refusal(inTheWay);
    const queue = await this.locks.queue(tenantId, id);
    const own = queue.findIndex((other) => other.id === wait.id);
    const before = own < 0 ? queue : queue.slice(0, own);
    const earlier = before.find((other) => other.holder !== holder && exclude(document, other, wait));
    if (earlier) return new LockAcquisitionFailed('document', id, earlier.holder, null);
    const granted = await this.locks.grant(tenantId, id, { mode, section, holder, seconds });
    this.events.append(tenantId, documentLocked(caller.actorId, document, granted));
    return granted;
  }

  private async ended(caller: Caller, document: SharedDocument, lock: DocumentLock): Promise<void> {
    this.events.append(caller.tenantId, documentUnlocked(caller.actorId, document, lock));
    await this.queue.moved(caller.tenantId, document.id);
  }
}

function assertSection(mode: LockMode, section: string | null): void {
  if ((mode === 'section') === (section !== null)) return;
  const message = mode === 'section' ? 'section must be given.' : 'section belongs to the mode section only.';
  throw InvalidInput.of('section', 'isSection', message);
}
