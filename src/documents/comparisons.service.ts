import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { DocumentsService } from './documents.service.js';
import type { ChangeValue } from './change-value.js';
import { blame, type BlamedLines } from './editing/blame.js';
import { unifiedDiff } from './editing/unified-diff.js';
import { assertVersioned, type DocumentVersion, HistoryService } from './history.service.js';
import { OperationsRepository } from './operations.repository.js';
import { SnapshotsRepository } from './snapshots.repository.js';

/** The change that last touched lines of a document. */
export interface Blamed {
  version: number;
  agentId: string | null;
  at: Date | null;
}

/** How versions of a document differ, and who wrote what. */
@Injectable()
export class ComparisonsService {
  constructor(
    private readonly documents: DocumentsService,
    private readonly history: HistoryService,
    private readonly operations: OperationsRepository,
    private readonly snapshots: SnapshotsRepository,
  ) {}

  /**
   * A unified diff of two versions.
   * @param to the newest unless given
   * @param from the one before `to` unless given
   * @throws NotFound, WrongDocumentKind
   */
  async diff(
    caller: Caller,
    id: string,
    { from, to }: { from?: number | undefined; to?: number | undefined },
  ): Promise<{ from: number; to: number; diff: string }> {
    const document = await this.documents.get(caller, id);
    const after = await this.history.versionOf(document, to ?? document.version);
    const before = await this.history.versionOf(document, from ?? Math.max(1, after.version - 1));
    return { from: before.version, to: after.version, diff: unifiedDiff(named(before), named(after)) };
  }

  /**
   * Who last touched each line of the newest version. What is older than the kept operations has no author.
   * @throws NotFound, WrongDocumentKind
   */
  async blame(caller: Caller, id: string): Promise<{ version: number; lines: BlamedLines<Blamed>[] }> {
    const document = await this.documents.get(caller, id);
    assertVersioned(document);
    const { tenantId } = caller;
    const kept = await this.operations.changes(tenantId, id, 0, document.version);
    const first = kept[0]?.version ?? document.version + 1;
    const base = first === 1 ? undefined : await this.snapshots.atOrBefore(tenantId, id, first - 1);
    const unknown: Blamed = { version: first - 1, agentId: null, at: null };
    const changes = kept.map(({ value, version, agentId, createdAt }) => ({
      splices: (value as ChangeValue).splices,
      by: { version: version ?? 0, agentId, at: createdAt },
    }));
    const from = { content: base?.content ?? '', by: unknown };
    const { lines } = blame<Blamed>(from, changes, (one, other) => one.version > other.version);
    return { version: document.version, lines };
  }
}

const named = ({ title, version, content }: DocumentVersion): { name: string; content: string } => ({
  name: `${title} (version ${version})`,
  content,
});
