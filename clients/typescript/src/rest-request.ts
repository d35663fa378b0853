import { InvalidOption } from './errors.js';
import { METHODS } from './generated.js';
import type { Method } from './methods.js';

export interface RestRequest {
  verb: string;
  path: string;
  headers: Record<string, string>;
  body?: string;
  /** A success has no body. */
  empty?: true;
}

interface Route {
  verb: string;
  path: string;
  rest?: 'query' | 'body';
  versioned?: true;
  empty?: true;
}

/** A call as its route takes it: what the path does not name goes into the query or the body. */
export function restRequest(method: Method, params: object, idempotencyKey?: string): RestRequest {
  const { verb, path, rest, versioned, empty }: Route = METHODS[method];
  const left: Record<string, unknown> = { ...params };
  const headers: Record<string, string> = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
  if (versioned) {
    headers['if-match'] = `"${String(left.ifMatch)}"`;
    delete left.ifMatch;
  }
  const place = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = left[name];
    delete left[name];
    if (typeof value !== 'string' || value === '') throw new InvalidOption(name, 'given');
    return encodeURIComponent(value);
  });
  const request = { verb, path: place, headers, ...(empty && { empty }) };
  if (rest !== 'body') return { ...request, path: place + searchOf(left) };
  return { ...request, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(left) };
}

function searchOf(query: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  return search.size > 0 ? `?${search}` : '';
}
