import { IsIn, IsString, Length, MaxLength } from 'class-validator';
import {
  IsId,
  IsLabels,
  IsRfc3339,
  IsWhole,
  Omittable,
  type Page,
  PageQuery,
  QueryInt,
  QueryList,
  Sorting,
  Whole,
} from '../shared/http/index.js';
import { MAX_DOCUMENT_BYTES } from './content.js';
import {
  CONTENT_TYPES,
  type ContentType,
  DOCUMENT_KINDS,
  type DocumentKind,
  type SharedDocument,
} from './document.entity.js';
import type { Found } from './documents.repository.js';

export const DOCUMENT_SORTING = new Sorting('createdAt', {
  createdAt: {
    expression: 'created_at',
    kind: 'timestamp',
    value: (row: SharedDocument) => row.createdAt.toISOString(),
  },
  updatedAt: {
    expression: 'updated_at',
    kind: 'timestamp',
    value: (row: SharedDocument) => row.updatedAt.toISOString(),
  },
  title: { expression: 'title', kind: 'text', value: (row: SharedDocument) => row.title },
});

const MAX_TITLE = 500;

/** The task for which something is written, and the epoch of its lease; both are kept with it. */
export class WrittenForTask {
  @Omittable()
  @IsId()
  taskId?: string;

  @Omittable()
  @IsWhole(0, 2 ** 31 - 1)
  epoch?: number;
}

/** What may be written while others hold locks. */
export class WrittenUnderLock extends WrittenForTask {
  /** Of your lock: the write is refused when you have lost it to somebody else. */
  @Omittable()
  @IsWhole(1, Number.MAX_SAFE_INTEGER)
  lockToken?: number;
}

export class CreateDocument extends WrittenForTask {
  @IsString()
  @Length(1, MAX_TITLE)
  title: string;

  /** Versioned ones are written by version and merged; live ones by any number of Yjs replicas at once. */
  @IsIn(DOCUMENT_KINDS)
  kind: DocumentKind;

  /** Text unless said otherwise. What is `json` must be JSON. */
  @Omittable()
  @IsIn(CONTENT_TYPES)
  contentType?: ContentType;

  /** At most 1 MiB of UTF-8. */
  @Omittable()
  @IsString()
  @MaxLength(MAX_DOCUMENT_BYTES)
  content?: string;

  /** Strings by name, for your own use. */
  @Omittable()
  @IsLabels()
  labels?: Record<string, string>;
}

export class UpdateDocument extends WrittenUnderLock {
  @Omittable()
  @IsString()
  @Length(1, MAX_TITLE)
  title?: string;

  /** The whole new content, at most 1 MiB of UTF-8. */
  @Omittable()
  @IsString()
  @MaxLength(MAX_DOCUMENT_BYTES)
  content?: string;

  @Omittable()
  @IsIn(CONTENT_TYPES)
  contentType?: ContentType;

  /** Replaces all labels. */
  @Omittable()
  @IsLabels()
  labels?: Record<string, string>;
}

export class ListDocuments extends PageQuery {
  /** Of this workspace only. */
  @Omittable()
  @IsId()
  workspaceId?: string;

  /** Any of these. */
  @QueryList({ of: DOCUMENT_KINDS })
  kind?: DocumentKind[];

  /** Any of these. */
  @QueryList({ of: CONTENT_TYPES })
  contentType?: ContentType[];

  /** Who created it: an agent's id, a key's id or an OIDC subject. */
  @Omittable()
  @IsString()
  @MaxLength(256)
  createdBy?: string;

  /** Changed after this time. */
  @Omittable()
  @IsRfc3339()
  updatedAfter?: Date;

  /** By which field, `-` in front for descending. */
  @Omittable()
  @IsIn(DOCUMENT_SORTING.names)
  sort?: string;
}

export class SearchDocuments {
  /** Words, all of which must be there; "a phrase"; `or`; `-without`. */
  @IsString()
  @Length(1, 500)
  q: string;

  @Omittable()
  @IsId()
  workspaceId?: string;

  /** Any of these. */
  @QueryList({ of: CONTENT_TYPES })
  contentType?: ContentType[];

  @QueryInt(1, 100, 20)
  limit?: number;
}

/** A document without its content. */
export class DocumentEntry {
  id: string;
  workspaceId: string;
  kind: DocumentKind;
  title: string;
  contentType: ContentType;
  /** Of the content in UTF-8. */
  @Whole()
  bytes: number;
  labels: Record<string, string>;
  /** An agent's id, a key's id or an OIDC subject. */
  createdBy: string;
  lastModifiedBy: string;
  createdAt: Date;
  updatedAt: Date;
  /** Rises with every change; the ETag. */
  @Whole({ minimum: 1 })
  version: number;

  static of(document: Omit<SharedDocument, 'content'>): DocumentEntry {
    const { id, workspaceId, kind, title, contentType, bytes, labels } = document;
    const { createdBy, lastModifiedBy, createdAt, updatedAt, version } = document;
    return { id, workspaceId, kind, title, contentType, bytes, labels, createdBy, lastModifiedBy, createdAt, updatedAt, version }; // prettier-ignore
  }
}

export class DocumentView extends DocumentEntry {
  content: string;

  static override of(document: SharedDocument): DocumentView {
    return { ...DocumentEntry.of(document), content: document.content };
  }
}

export class DocumentPage implements Page<DocumentEntry> {
  items: DocumentEntry[];
  hasMore: boolean;
  /** The `after` of the next page. */
  nextCursor: string | null;
}

export class FoundDocument {
  id: string;
  title: string;
  workspaceId: string;
  /** The higher, the better the match. */
  rank: number;
  /** Pieces of the content with the words that were found between « and ». */
  highlights: string;
}

export class FoundDocuments {
  items: FoundDocument[];

  static of(found: Found[]): FoundDocuments {
    return {
      items: found.map(({ id, title, workspaceId, rank, highlights }) => ({
        id,
        title,
        workspaceId,
        rank,
        highlights,
      })),
    };
  }
}
