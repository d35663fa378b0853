import { DomainError } from '../../shared/errors/index.js';

/** What a client of a live document sent is no message or no update. */
export class MalformedUpdate extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'malformed_update';

  constructor(what: string) {
    super(`The message is no ${what}.`);
  }
}

/** The document would be larger than it may be. */
export class LiveDocumentFull extends DomainError {
  readonly kind = 'too_large';
  readonly code = 'live_document_full';

  constructor(what: 'text' | 'state', limit: number) {
    super(`The ${what} of the document may have ${limit} bytes.`, { field: what, limit });
  }
}

/** Who may only read has sent a change. */
export class ReadOnlyMember extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'read_only_member';

  constructor() {
    super('You may read this document, not write it.');
  }
}
