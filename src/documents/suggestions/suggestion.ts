import type { ContentType } from '../document.entity.js';
import type { Edit } from '../editing/edits.js';

export const SUGGESTION_STATUSES = ['open', 'accepted', 'rejected', 'superseded'] as const;
export type SuggestionStatus = (typeof SUGGESTION_STATUSES)[number];

/** Edits that somebody proposes, without what they are. */
export interface SuggestionEntry {
  id: string;
  documentId: string;
  status: SuggestionStatus;
  authorId: string;
  /** Why, in the words of the author. */
  reason: string | null;
  /** The version that the edits were made from. */
  baseVersion: number;
  createdAt: Date;
  /** Null while it is open. */
  decidedBy: string | null;
  decidedAt: Date | null;
  /** What who decided said of it. */
  note: string | null;
  /** The document's version that has it. */
  acceptedVersion: number | null;
  /** The newer suggestion of the same author. */
  supersededBy: string | null;
}

export interface Suggestion extends SuggestionEntry {
  edits: Edit[];
  /** The document's type at the base version. */
  contentType: ContentType;
  /** The text of the base version; null once it is decided. */
  base: string | null;
}

export type NewSuggestion = Pick<Suggestion, 'authorId' | 'reason' | 'baseVersion' | 'edits' | 'contentType'> & {
  base: string;
};

/** How a suggestion ends. */
export interface Decision {
  status: Exclude<SuggestionStatus, 'open'>;
  decidedBy: string;
  note?: string | undefined;
  acceptedVersion?: number | undefined;
  supersededBy?: string | undefined;
}
