import { DomainError, type JsonObject } from '../../../shared/errors/index.js';
import { type InProcessAnswer, type Problem, STATUS_OF_KIND, toProblem } from '../../../shared/http/index.js';

/** The `error` of an answer: `data` is the problem that a route would have answered. */
export interface RpcError extends JsonObject {
  code: number;
  message: string;
  data: JsonObject;
}

/** The codes of JSON-RPC 2.0 itself. */
const PREDEFINED: Readonly<Record<string, number>> = {
  malformed_json: -32_700,
  malformed_messagepack: -32_700,
  invalid_request: -32_600,
  id_in_use: -32_600,
  method_not_found: -32_601,
  invalid_input: -32_602,
  internal: -32_603,
};

/** A refusal of a route that was called. */
export class RefusedCall extends Error {
  constructor(
    readonly problem: Problem,
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(problem.detail);
  }

  static of({ body, headers }: InProcessAnswer): RefusedCall {
    const retryAfter = headers['retry-after'];
    return new RefusedCall(JSON.parse(body) as Problem, retryAfter === undefined ? undefined : Number(retryAfter));
  }
}

/** Any thrown value, as the caller may see it. */
export function toRpcError(error: unknown, instance: string): RpcError {
  const problem = error instanceof RefusedCall ? error.problem : toProblem(error, instance);
  const known = error instanceof RefusedCall || error instanceof DomainError ? error.retryAfterSeconds : undefined;
  const data: JsonObject = { ...problem };
  if (known !== undefined) data.retryAfterSeconds = Math.max(1, Math.ceil(known));
  return { code: numberOf(problem), message: problem.detail, data };
}

/**
 * Its own for the codes that JSON-RPC defines; else made of the status of the error's kind, within the numbers that are
 * left to servers: 404 → -32004, 429 → -32029, 503 → -32053.
 */
export function numberOf({ code, status }: Pick<Problem, 'code' | 'status'>): number {
  const own = PREDEFINED[code];
  if (own !== undefined) return own;
  return status < 500 ? -32_000 - (status - 400) : -32_050 - (status - 500);
}

/** One row for each kind of error, and for each code with a number of its own. */
export function rpcErrorTable(): { what: string; status: number; number: number }[] {
  const kinds = Object.entries(STATUS_OF_KIND).map(([kind, status]) => ({
    what: kind,
    status,
    number: numberOf({ code: kind === 'internal' ? 'internal' : '', status }),
  }));
  const own = Object.entries(PREDEFINED).filter(([code]) => code !== 'internal');
  return [
    ...own.map(([what, number]) => ({ what, status: what === 'method_not_found' ? 404 : 400, number })),
    ...kinds,
  ];
}
