import type { FastifyRequest } from 'fastify';
import type { Principal } from '../auth/caller.js';
import { newId } from '../ids/index.js';
import type { AuditEntry } from './audit.repository.js';

const MAX_TEXT = 256;

/** The entry of one HTTP request. Texts that the client chooses are cut. */
export function requestEntry(
  request: FastifyRequest,
  caller: Principal,
  outcome: { status: number; code?: string; subjectId?: string },
): AuditEntry {
  return {
    id: newId(),
    actorId: caller.actorId,
    keyId: caller.keyId ?? null,
    operation: `${request.method} ${request.routeOptions.url ?? 'unmatched'}`,
    subjectId: cut(subjectOf(request.params)) ?? outcome.subjectId ?? null,
    status: outcome.status,
    code: outcome.code ?? null,
    requestId: cut(request.id),
    ip: request.ip,
    userAgent: cut(request.headers['user-agent']),
  };
}

/** The path's first parameter is the thing; further ones name parts of it. */
function subjectOf(params: unknown): unknown {
  return typeof params === 'object' && params !== null ? Object.values(params)[0] : undefined;
}

const cut = (text: unknown): string | null =>
  typeof text === 'string' && text !== '' ? text.slice(0, MAX_TEXT).replace(/[\0\p{Surrogate}]/gu, '') : null;
