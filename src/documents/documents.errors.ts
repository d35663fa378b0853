import { DomainError } from '../shared/errors/index.js';
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
