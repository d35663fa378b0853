import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, IsString, Length } from 'class-validator';
import {
  IsId,
  IsWhole,
  NestedList,
  Omittable,
  type Page,
  PageQuery,
  QueryList,
  Whole,
} from '../../shared/http/index.js';
import { DocumentView, WrittenUnderLock } from '../document.dto.js';
import type { SharedDocument } from '../document.entity.js';
import { DocumentEdit, MAX_EDITS, MAX_VERSION } from '../edit.dto.js';
import { applyEdits, type Edit } from '../editing/edits.js';
import { unifiedDiff } from '../editing/unified-diff.js';
import { type Suggestion, SUGGESTION_STATUSES, type SuggestionEntry, type SuggestionStatus } from './suggestion.js';

const MAX_WORDS = 2_000;

export class SuggestEdits {
  /** Applied one after the other; all or none. */
  @NestedList(() => DocumentEdit)
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_EDITS)
  edits: DocumentEdit[];

  /** Why. */
  @Omittable()
  @IsString()
  @Length(1, MAX_WORDS)
  reason?: string;

  /** The version that the edits were made from; the newest when left out. */
  @Omittable()
  @IsWhole(1, MAX_VERSION)
  baseVersion?: number;

  /** An open suggestion of your own, which this one replaces. */
  @Omittable()
  @IsId()
  supersedes?: string;
}

export class AcceptSuggestion extends WrittenUnderLock {
  @Omittable()
  @IsString()
  @Length(1, MAX_WORDS)
  note?: string;
}

export class RejectSuggestion {
  /** Why, for the author to read. */
  @Omittable()
  @IsString()
  @Length(1, MAX_WORDS)
  note?: string;
}

export class ListSuggestions extends PageQuery {
  /** Any of these. */
  @QueryList({ of: SUGGESTION_STATUSES })
  status?: SuggestionStatus[];
}

/** A suggestion without its edits. */
export class SuggestionEntryView implements SuggestionEntry {
  id: string;
  documentId: string;
  status: SuggestionStatus;
  authorId: string;
  reason: string | null;
  /** The version that the edits were made from. */
  @Whole({ minimum: 1 })
  baseVersion: number;
  createdAt: Date;
  /** Null while it is open. */
  decidedBy: string | null;
  decidedAt: Date | null;
  /** What who decided said of it. */
  note: string | null;
  /** The version of the document that has it. */
  @Whole({ minimum: 1 })
  acceptedVersion: number | null;
  /** The newer suggestion of the same author. */
  supersededBy: string | null;
}

export class SuggestionView extends SuggestionEntryView {
  @ApiProperty({ type: () => [DocumentEdit] })
  edits: DocumentEdit[];
  /** What the edits make of the version that they were made from, in the unified format; null once it is decided. */
  diff: string | null;

  static of({ edits, base, contentType: _, ...entry }: Suggestion): SuggestionView {
    return { ...entry, edits: edits.map(editView), diff: base === null ? null : diffOf(entry, base, edits) };
  }
}

export class SuggestionPage implements Page<SuggestionEntryView> {
  items: SuggestionEntryView[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}

/** A document that has taken over a suggestion. */
export class AcceptedView extends DocumentView {
  suggestion: SuggestionEntryView;

  static ofAccepted(document: SharedDocument, suggestion: SuggestionEntry): AcceptedView {
    return { ...DocumentView.of(document), suggestion };
  }
}

/** An edit as it is sent. */
function editView(edit: Edit): DocumentEdit {
  if (!('at' in edit)) return edit;
  const { insert, at } = edit;
  return { insert, at: typeof at === 'string' ? { edge: at } : at };
}

function diffOf({ baseVersion }: SuggestionEntry, base: string, edits: readonly Edit[]): string {
  const before = { name: `version ${baseVersion}`, content: base };
  return unifiedDiff(before, { name: 'suggested', content: applyEdits(base, edits) });
}
