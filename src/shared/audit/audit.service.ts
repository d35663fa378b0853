import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { Batcher } from '../database/index.js';
import {
  type AuditEntry,
  type AuditFilter,
  type AuditPlace,
  type AuditRecord,
  AuditRepository,
} from './audit.repository.js';

/** Entries of one tenant that may wait to be written. The next ones go to the log alone. */
const MAX_WAITING = 10_000;

/**
 * The trail of who did what, from where. Entries are written in batches after the answer, which they do not delay; an
 * entry that cannot be written is logged whole, so it is in the trail or in the log.
 */
@Injectable()
export class AuditService implements OnApplicationShutdown {
  private readonly logger = new Logger('audit');
  private readonly underWay = new Set<Promise<void>>();
  private readonly batcher: Batcher<AuditEntry, void>;

  constructor(private readonly entries: AuditRepository) {
    this.batcher = new Batcher<AuditEntry, void>({
      operation: 'audit.record',
      lanes: 1,
      maxSize: 500,
      maxWaiting: MAX_WAITING,
      flush: async (tenantId, batch) => {
        await this.entries.insert(tenantId, batch);
        return batch.map(() => ({ value: undefined }));
      },
    });
  }

  /** Queues an entry; a change that may still be rolled back calls this after its commit. */
  record(tenantId: string, entry: AuditEntry): void {
    const written: Promise<void> = this.batcher.add(tenantId, entry).then(
      () => void this.underWay.delete(written),
      (error: unknown) => {
        this.underWay.delete(written);
        this.logger.error({ msg: 'an audit entry could not be stored', tenantId, entry, err: error });
      },
    );
    this.underWay.add(written);
  }

  /** Writes an entry now, inside the running transaction if there is one: it is kept exactly when the change is. */
  write(tenantId: string, entry: AuditEntry): Promise<void> {
    return this.entries.insert(tenantId, [entry]);
  }

  /** Newest first, at most `limit`. */
  list(caller: Caller, filter: AuditFilter, after: AuditPlace | undefined, limit: number): Promise<AuditRecord[]> {
    return this.entries.list(caller.tenantId, filter, after, limit);
  }

  /** Waits until what was recorded so far is written. */
  async flush(): Promise<void> {
    await Promise.all(this.underWay);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.flush();
  }
}
