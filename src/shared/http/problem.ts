import { HttpException } from '@nestjs/common';
import { DomainError, type ErrorKind, type JsonObject } from '../errors/index.js';

/** RFC 9457. `code` is stable; further members depend on it. */
export interface Problem extends JsonObject {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  /** The request's id, as in the header X-Request-Id and in the log. */
  instance: string;
}

export const PROBLEM_JSON = 'application/problem+json; charset=utf-8';

/** The one table of this protocol. */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  gone: 410,
  stale: 412,
  too_large: 413,
  unprocessable: 422,
  locked: 423,
  precondition_required: 428,
  too_many: 429,
  internal: 500,
  unavailable: 503,
};

/** Codes of refusals that come from the protocol itself and have no class of their own. */
const CODE_OF_STATUS: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'route_not_found',
  405: 'method_not_allowed',
  406: 'not_acceptable',
  408: 'request_timeout',
  413: 'body_too_large',
  414: 'url_too_long',
  415: 'unsupported_media_type',
  426: 'upgrade_required',
  429: 'too_many_requests',
  431: 'headers_too_large',
  503: 'unavailable',
};

/** Fastify's own words name its functions; these name the rule. */
const DETAIL_OF_FASTIFY_ERROR: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'The body is larger than this route accepts.',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'This route does not read bodies of this Content-Type; send application/json.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as its Content-Length says.',
  FST_ERR_BAD_URL: 'The path holds a broken percent escape.',
  FST_ERR_MAX_PARAM_LENGTH: 'A part of the path is too long.',
};

const INTERNAL_DETAIL = 'The server failed on this request; its log has the cause under this instance.';

/** Translates any thrown value. What is not a refusal meant for the caller becomes 500 `internal` and tells nothing. */
export function toProblem(error: unknown, instance: string): Problem {
  const { status, code, detail, details } = answerTo(error);
  return { ...details, type: `urn:muster:problem:${code}`, title: titleOf(code), status, detail, code, instance };
}

/** The headers that go with a problem. */
export function problemHeaders(error: unknown, problem: Problem): Record<string, string> {
  const retryAfter = error instanceof DomainError ? error.retryAfterSeconds : undefined;
  return {
    'content-type': PROBLEM_JSON,
    'cache-control': 'no-store',
    ...(problem.status === 401 && { 'www-authenticate': 'Bearer realm="muster"' }),
    ...(retryAfter !== undefined && { 'retry-after': String(Math.max(1, Math.ceil(retryAfter))) }),
  };
}

/** For refusals that are made where no exception filter stands: broken requests, which never reach a route. */
export function protocolProblem(status: number, detail: string, instance: string): Problem {
  return toProblem(new HttpException(detail, status), instance);
}

interface Answer {
  status: number;
  code: string;
  detail: string;
  details?: Readonly<JsonObject>;
}

function answerTo(error: unknown): Answer {
  if (error instanceof DomainError && error.kind !== 'internal') {
    const { code, message, details } = error;
    return { status: STATUS_OF_KIND[error.kind], code, detail: message, details };
  }
  const refusal = error instanceof HttpException ? error : fastifyRefusal(error);
  const status = refusal?.getStatus() ?? 500;
  const known = CODE_OF_STATUS[status];
  if (!refusal || (status >= 500 && known === undefined)) {
    return { status: 500, code: 'internal', detail: INTERNAL_DETAIL };
  }
  return { status, code: known ?? `http_${status}`, detail: fastifyDetail(refusal.cause) ?? refusal.message };
}

/** Fastify's errors reach Nest's filters as HttpException with a cause, and its framework errors as they are. */
function fastifyRefusal(error: unknown): HttpException | undefined {
  if (!isFastifyError(error) || error.statusCode === undefined || error.statusCode >= 500) return undefined;
  return new HttpException(error.message, error.statusCode, { cause: error });
}

const fastifyDetail = (cause: unknown): string | undefined =>
  isFastifyError(cause) ? DETAIL_OF_FASTIFY_ERROR[cause.code] : undefined;

const isFastifyError = (error: unknown): error is Error & { code: string; statusCode?: number } =>
  error instanceof Error && error.name === 'FastifyError' && 'code' in error && typeof error.code === 'string';

const titleOf = (code: string): string => code.charAt(0).toUpperCase() + code.slice(1).replaceAll('_', ' ');
