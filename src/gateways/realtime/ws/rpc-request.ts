import type { JsonObject, JsonValue } from '../../../shared/errors/index.js';
import { InvalidRequest } from './ws.errors.js';

export type RpcId = string | number | null;

/** A call of JSON-RPC 2.0; without an id it is a notification, which nobody answers. */
export interface RpcRequest {
  id?: RpcId;
  method: string;
  params: JsonObject;
}

const MAX_ID_LENGTH = 256;
const MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params']);

/** @throws InvalidRequest */
export function requestOf(message: JsonValue): RpcRequest {
  if (!isObject(message)) throw new InvalidRequest('A request is an object, and a batch a list of them.');
  const { jsonrpc, id, method, params = {} } = message;
  if (jsonrpc !== '2.0') throw new InvalidRequest('jsonrpc must be "2.0".');
  if (typeof method !== 'string') throw new InvalidRequest('method must be a string.');
  if (!isId(id)) throw new InvalidRequest(`id must be a number or a string of up to ${MAX_ID_LENGTH} characters.`);
  if (!isObject(params)) throw new InvalidRequest('params must be an object: parameters have names here.');
  const unknown = Object.keys(message).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) throw new InvalidRequest(`${unknown.slice(0, 64)} is no member of a request.`);
  return { method, params, ...(id !== undefined && { id }) };
}

/** The id of what is no request, as far as it has one. */
export function idOf(message: JsonValue): RpcId {
  const id = isObject(message) ? message.id : null;
  return isId(id) ? (id ?? null) : null;
}

const isId = (id: JsonValue | undefined): id is RpcId | undefined =>
  id === undefined || id === null || typeof id === 'number' || (typeof id === 'string' && id.length <= MAX_ID_LENGTH);

export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
