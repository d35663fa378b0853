import { DomainError } from '../shared/errors/index.js';
import type { Conflict } from './conflict.js';
import type { ContentType } from './document.entity.js';

export class DocumentTooLarge extends DomainError {
  readonly kind = 'too_large';
  readonly code = 'document_too_large';

  constructor(bytes: number, limit: number) {
    super(`The content has ${bytes} bytes; it may have ${limit}.`, { field: 'content', bytes, limit });
  }
}

/** The text is not of the type that the document has. */
export class ContentNotOfType extends DomainError {
  readonly kind = 'unprocessable';
  readonly code = 'content_not_of_type';

  constructor(contentType: ContentType, why: string) {
    super(`The content is not ${contentType}: ${why}`, { field: 'content', contentType });
  }
}

/** What was asked is of documents of the other kind. */
export class WrongDocumentKind extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'wrong_document_kind';

  constructor(documentId: string, kind: string, wanted: string) {
    super(`The document ${documentId} is ${kind}; this is for a ${wanted} one.`, { documentId, kind, wanted });
  }
}

/** An operation is applied once. */
export class OperationApplied extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'operation_applied';

  constructor(operationId: string) {
    super(`The operation ${operationId} was applied already.`, { operationId });
  }
}

/** An edit does not fit the text; nothing of it was applied. */
export class EditNotApplicable extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'edit_not_applicable';

  constructor(
    index: number,
    why: 'not_found' | 'ambiguous' | 'no_such_line' | 'not_json' | 'patch_failed',
    message: string,
    surroundings: string[] = [],
  ) {
    super(`edits[${index}]: ${message}`, { field: `edits[${index}]`, why, surroundings });
  }
}

/** A conflict is settled once. */
export class ConflictResolved extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'conflict_resolved';

  constructor({ id, resolution, resolvedBy }: Conflict) {
    super(`The conflict ${id} was settled by ${resolvedBy}.`, { conflictId: id, resolution, resolvedBy });
  }
}

/** The place of a conflict is no longer what it was when it was found. */
export class ConflictPlaceGone extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'conflict_place_gone';

  constructor({ id, path }: Conflict) {
    super(
      `${path} is no longer what it was when the conflict was found; edit the document, and settle it as current.`,
      {
        conflictId: id,
        path,
      },
    );
  }
}

/** The caller's lock has ended, or never was his. */
export class DocumentLockLost extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'lock_lost';

  constructor(documentId: string, token?: number) {
    super(`You do not hold this lock of the document ${documentId} any more; acquire one again.`, {
      documentId,
      token: token ?? null,
    });
  }
}

export class SectionNotFound extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'section_not_found';

  constructor(documentId: string, section: string) {
    super(`The document ${documentId} has no section ${JSON.stringify(section)}.`, { documentId, section });
  }
}

/** Whoever holds what is wanted waits, perhaps by way of others, for the caller. */
export class Deadlock extends DomainError {
  readonly kind = 'conflict';
  readonly code = 'deadlock';

  constructor(documentId: string) {
    super(`Waiting for a lock of the document ${documentId} would never end: its holder waits for you.`, {
      documentId,
    });
  }
}

export class TooManyLocks extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_locks';

  constructor(documentId: string, limit: number) {
    super(`The document ${documentId} has ${limit} locks, which is as many as there may be.`, { documentId, limit });
  }
}
