import { Injectable } from '@nestjs/common';
import { Transactional } from '../../shared/database/index.js';
import { DocumentsRepository } from '../documents.repository.js';
import { Replica } from './replica.js';
import { UpdatesRepository } from './updates.repository.js';

/** Keeps what a live document is made of small, and its text where readers and the search find it. */
@Injectable()
export class LiveCompaction {
  constructor(
    private readonly documents: DocumentsRepository,
    private readonly updates: UpdatesRepository,
  ) {}

  /**
   * Puts one state in the place of all updates so far, if there are `atLeast` of them. The lock on the document's row lets
   * one node do it at a time. @throws NotFound
   */
  @Transactional()
  async compact(tenantId: string, documentId: string, atLeast: number): Promise<void> {
    const document = await this.documents.getForUpdate(tenantId, documentId);
    const stored = await this.updates.since(tenantId, documentId, 0);
    const sequence = stored.at(-1)?.sequence;
    if (sequence === undefined || stored.length < atLeast) return;
    const replica = new Replica();
    replica.load(stored);
    const { text } = replica;
    await this.updates.insertSnapshot(document, { sequence, payload: replica.state });
    await this.updates.deleteOperationsTo(tenantId, documentId, sequence);
    await this.updates.deleteSnapshotsBefore(tenantId, documentId, sequence);
    if (text === document.content) return;
    const kept = { content: text, bytes: Buffer.byteLength(text) };
    await this.documents.update(tenantId, documentId, document.version, kept);
  }
}
