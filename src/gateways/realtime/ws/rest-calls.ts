import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isUUID } from 'class-validator';
import type { FastifyInstance } from 'fastify';
import { InvalidInput, type JsonObject, type JsonValue } from '../../../shared/errors/index.js';
import { SUBSCRIBER_NAME, SUBSCRIBER_NAME_RULE } from '../../../shared/events/index.js';
import { callInProcess } from '../../../shared/http/index.js';
import type { RestMethod } from './rest-methods.js';
import { RefusedCall } from './rpc-errors.js';

/** Whose call it is, as its route will see it. */
export interface CallOrigin {
  headers: Record<string, string>;
  address: string;
  /** Fires when nobody waits for the answer any more. */
  signal: AbortSignal;
}

interface RestRequest {
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/**
 * Calls routes in process. So a method has the rights, validation, idempotency, rate limits, audit, metrics and errors
 * of its route, because it is the route. See decision 26.
 */
@Injectable()
export class RestCalls {
  constructor(private readonly host: HttpAdapterHost) {}

  /**
   * @returns the answer, as JSON text
   * @throws InvalidInput, RefusedCall
   */
  async call(method: RestMethod, params: JsonObject, { headers, address, signal }: CallOrigin): Promise<string> {
    const asked = restRequest(method, params);
    const answer = await callInProcess(
      this.host.httpAdapter.getInstance<FastifyInstance>(),
      { ...asked, method: method.verb, address, headers: { ...headers, ...asked.headers } },
      { signal },
    );
    if (answer.status >= 400) throw RefusedCall.of(answer);
    return answer.body === '' ? 'null' : answer.body;
  }
}

/** @throws InvalidInput naming the parameter */
export function restRequest(method: RestMethod, params: JsonObject): RestRequest {
  const { idempotencyKey, ifMatch, ...named } = params;
  const left: JsonObject = { ...named };
  const headers = headersOf(method, { idempotencyKey, ifMatch }, left);
  const path = method.path.replace(/\{(\w+)\}/g, (_, id: string) => {
    const value = left[id];
    delete left[id];
    if (id === 'member') return memberIn(value);
    return id === 'name' ? nameIn(value) : idIn(id, value);
  });
  if (method.rest === 'body') {
    return { url: path, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(left) };
  }
  if (method.rest === undefined) assertNothing(left, method);
  const query = queryOf(left);
  return { url: query === '' ? path : `${path}?${query}`, headers };
}

/** The parameters that are headers of the route; where it takes none they are parameters like others. */
function headersOf(
  { verb, versioned }: RestMethod,
  { idempotencyKey, ifMatch }: { idempotencyKey: JsonValue | undefined; ifMatch: JsonValue | undefined },
  left: JsonObject,
): Record<string, string> {
  const headers: Record<string, string> = {};
  if (idempotencyKey !== undefined) {
    if (verb === 'GET') left.idempotencyKey = idempotencyKey;
    else headers['idempotency-key'] = keyIn(idempotencyKey);
  }
  if (ifMatch !== undefined) {
    if (!versioned) left.ifMatch = ifMatch;
    else headers['if-match'] = versionIn(ifMatch);
  }
  return headers;
}

function keyIn(key: JsonValue): string {
  if (typeof key === 'string' && /^[\x20-\x7e]{1,255}$/.test(key)) return key;
  const rule = 'idempotencyKey must be 1 to 255 printable ASCII characters.';
  throw InvalidInput.of('idempotencyKey', 'isIdempotencyKey', rule);
}

function versionIn(version: JsonValue): string {
  if (Number.isSafeInteger(version)) return `"${version}"`;
  throw InvalidInput.of('ifMatch', 'isInt', 'ifMatch must be the version that was read, a whole number.');
}

/** What is no UUID could lead to another route. */
function idIn(name: string, value: JsonValue | undefined): string {
  if (typeof value === 'string' && isUUID(value)) return value;
  throw InvalidInput.of(name, value === undefined ? 'isDefined' : 'isUuid', `${name} must be a UUID.`);
}

/** Any text that events name an actor by. Two dots would lead to another route. */
function memberIn(value: JsonValue | undefined): string {
  const isText = typeof value === 'string' && value.length >= 1 && value.length <= 256;
  if (isText && value !== '.' && value !== '..') return encodeURIComponent(value);
  throw InvalidInput.of('member', value === undefined ? 'isDefined' : 'isActor', 'member must be the id of a member.');
}

function nameIn(value: JsonValue | undefined): string {
  if (typeof value === 'string' && SUBSCRIBER_NAME.test(value)) return value;
  throw InvalidInput.of(
    'name',
    value === undefined ? 'isDefined' : 'isSubscriberName',
    `name must be ${SUBSCRIBER_NAME_RULE}`,
  );
}

function assertNothing(left: JsonObject, { ids, verb }: RestMethod): void {
  const [unknown] = Object.keys(left);
  if (unknown === undefined) return;
  const known = [...ids, ...(verb === 'GET' ? [] : ['idempotencyKey'])].sort();
  throw InvalidInput.of(unknown, 'isKnown', `${unknown} is not a known field; known are ${known.join(', ')}.`);
}

/** @throws InvalidInput for an object, which no query can carry */
function queryOf(left: JsonObject): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(left)) {
    for (const one of Array.isArray(value) ? value : [value]) query.append(name, textIn(name, one));
  }
  return query.toString();
}

function textIn(name: string, value: JsonValue | undefined): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw InvalidInput.of(name, 'isText', `${name} must be a text, a number, true or false, or a list of these.`);
}
