import { Injectable } from '@nestjs/common';
import type { Caller } from '../../shared/auth/index.js';
import { InvalidInput, OptimisticLock } from '../../shared/errors/index.js';
import { measured } from '../content.js';
import type { SharedDocument } from '../document.entity.js';
import { DocumentAccess } from '../document-access.js';
import { DocumentsService } from '../documents.service.js';
import { applyEdits } from '../editing/edits.js';
import { type Editing, EditsService, type Written } from '../edits.service.js';
import { LiveDocuments } from './live-documents.service.js';

/** Documents of either kind with their newest text: that of a live one is in its room. */
@Injectable()
export class LiveTexts {
  constructor(
    private readonly documents: DocumentsService,
    private readonly access: DocumentAccess,
    private readonly edits: EditsService,
    private readonly live: LiveDocuments,
  ) {}

  /** @throws NotFound */
  async get(caller: Caller, id: string): Promise<SharedDocument> {
    const document = await this.documents.get(caller, id);
    if (document.kind === 'versioned') return document;
    return withText(document, await this.live.text(caller.tenantId, id));
  }

  /**
   * Applies edits to the newest text, all or none. A live document has no versions to merge from.
   * @throws as `EditsService.edit`
   */
  async edit(caller: Caller, id: string, editing: Editing): Promise<Written> {
    const document = await this.documents.get(caller, id);
    if (document.kind === 'versioned') return this.edits.edit(caller, id, editing);
    await this.access.assertMay(caller, document, 'write');
    const text = await this.live.rewrite(caller.tenantId, id, caller.actorId, (before) => {
      const after = applyEdits(before, editing.edits);
      measured(after, 'text');
      return after;
    });
    return { document: withText(document, text), conflicts: [] };
  }

  /**
   * Changes what is given, if the document is still at `version`; or merges, with a strategy. The text of a live one has
   * no version: it becomes what is sent, alone, by as few changes as that takes.
   * @throws as `EditsService.update`
   */
  async update(
    caller: Caller,
    id: string,
    version: number,
    given: Parameters<EditsService['update']>[3],
  ): Promise<Written> {
    const document = await this.documents.get(caller, id);
    const { content, ...rest } = given.change;
    if (document.kind === 'versioned' || content === undefined) return this.edits.update(caller, id, version, given);
    measured(content, 'text');
    if (Object.values(rest).some((value) => value !== undefined)) {
      throw InvalidInput.of(
        'content',
        'isAlone',
        'The content of a live document is sent alone, without other fields.',
      );
    }
    await this.access.assertMay(caller, document, 'write');
    if (document.version !== version) throw new OptimisticLock('document', id, version, document.version);
    const text = await this.live.rewrite(caller.tenantId, id, caller.actorId, () => content);
    return { document: withText(document, text), conflicts: [] };
  }
}

const withText = (document: SharedDocument, content: string): SharedDocument => ({
  ...document,
  content,
  bytes: Buffer.byteLength(content),
});
