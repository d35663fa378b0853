import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../../shared/database/index.js';
import { NotFound } from '../../shared/errors/index.js';
import { KeysetCursor, type Page, pageOf } from '../../shared/http/index.js';
import { newId } from '../../shared/ids/index.js';
import type { Decision, NewSuggestion, Suggestion, SuggestionEntry, SuggestionStatus } from './suggestion.js';
import { SuggestionDecided } from './suggestions.errors.js';

const BY_ID = new KeysetCursor('id', ['uuid']);

/** What was suggested, and what became of it. */
@Injectable()
export class SuggestionsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  @Operation()
  async insert(tenantId: string, documentId: string, suggestion: NewSuggestion): Promise<SuggestionEntry> {
    const { authorId, edits, reason, baseVersion, contentType, base } = suggestion;
    const [row] = await this.query<SuggestionEntry>(
      `INSERT INTO document_suggestions (tenant_id, document_id, id, author_id, edits, reason, base_version,
         content_type, base)
       VALUES ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9) RETURNING ${ENTRY}`,
      [tenantId, documentId, newId(), authorId, JSON.stringify(edits), reason, baseVersion, contentType, base],
    );
    return row as SuggestionEntry;
  }

  /** @throws NotFound */
  @Operation()
  async get(tenantId: string, documentId: string, id: string): Promise<Suggestion> {
    const [row] = await this.query<Suggestion>(
      `SELECT ${ENTRY}, edits, content_type AS "contentType", base FROM document_suggestions
       WHERE tenant_id = $1 AND document_id = $2 AND id = $3`,
      [tenantId, documentId, id],
    );
    if (!row) throw new NotFound('suggestion', id);
    return row;
  }

  /** Oldest first. @param status any of these; all unless given */
  @Operation()
  async list(
    tenantId: string,
    documentId: string,
    { status, limit, after }: { status?: SuggestionStatus[] | undefined; limit: number; after?: string | undefined },
  ): Promise<Page<SuggestionEntry>> {
    const [id] = BY_ID.decode(after) ?? [];
    const rows = await this.read<SuggestionEntry>(
      `SELECT ${ENTRY} FROM document_suggestions
       WHERE tenant_id = $1 AND document_id = $2 AND ($3::text[] IS NULL OR status = ANY ($3))
         AND ($4::uuid IS NULL OR id > $4)
       ORDER BY id LIMIT $5`,
      [tenantId, documentId, status ?? null, id ?? null, limit + 1],
    );
    return pageOf(rows, limit, (last) => BY_ID.encode([last.id]));
  }

  /** Ends one that is open. @throws NotFound, SuggestionDecided */
  @Operation()
  async decide(tenantId: string, documentId: string, id: string, decision: Decision): Promise<SuggestionEntry> {
    const { status, decidedBy, note = null, acceptedVersion = null, supersededBy = null } = decision;
    const [row] = await this.query<SuggestionEntry>(
      `UPDATE document_suggestions SET status = $4, decided_by = $5, decided_at = now(), note = $6,
         accepted_version = $7, superseded_by = $8, base = NULL
       WHERE tenant_id = $1 AND document_id = $2 AND id = $3 AND status = 'open' RETURNING ${ENTRY}`,
      [tenantId, documentId, id, status, decidedBy, note, acceptedVersion, supersededBy],
    );
    if (row) return row;
    throw new SuggestionDecided(await this.get(tenantId, documentId, id));
  }
}

const ENTRY = `id, document_id AS "documentId", status, author_id AS "authorId", reason, base_version AS "baseVersion",
  created_at AS "createdAt", decided_by AS "decidedBy", decided_at AS "decidedAt", note,
  accepted_version AS "acceptedVersion", superseded_by AS "supersededBy"`;
