import { DomainError } from '../../../shared/errors/index.js';

/** The key or the tenant has as many connections on this node as it may. */
export class TooManyConnections extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_connections';
  override readonly retryAfterSeconds = 5;

  constructor(what: 'key' | 'tenant', limit: number) {
    super(`This ${what} has ${limit} connections open on this node, which is the limit; close one first.`, {
      limitedBy: what,
      limit,
    });
  }
}

/** This node has as many connections as it may; another may have room. */
export class NodeFull extends DomainError {
  readonly kind = 'unavailable';
  readonly code = 'node_full';
  override readonly retryAfterSeconds = 5;

  constructor(limit: number) {
    super(`This node has ${limit} connections open, which is the limit; try again, perhaps another node has room.`);
  }
}

/** A page of another site asks; see MUSTER_CORS_ORIGINS. */
export class OriginNotAllowed extends DomainError {
  readonly kind = 'forbidden';
  readonly code = 'origin_not_allowed';

  constructor(origin: string) {
    super(`Pages of ${origin.slice(0, 256)} may not connect.`, { origin: origin.slice(0, 256) });
  }
}

export class UnsupportedSubprotocol extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'unsupported_subprotocol';

  constructor(supported: readonly string[]) {
    super(`None of the subprotocols that were offered is spoken here; offer ${supported.join(' or ')}.`, {
      supported: [...supported],
    });
  }
}

export class MalformedHandshake extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'malformed_handshake';

  constructor(header: string, rule: string) {
    super(`${header} must be ${rule}.`, { header });
  }
}

/** Valid JSON or MessagePack, and no JSON-RPC 2.0 request. */
export class InvalidRequest extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'invalid_request';
}

/** The answer to the first request with this id is still to come, so a second one could not be told from it. */
export class IdInUse extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'id_in_use';

  constructor(id: string | number) {
    super('A request with this id is under way; use another id.', { id });
  }
}

export class MethodNotFound extends DomainError {
  readonly kind = 'not_found';
  readonly code = 'method_not_found';

  constructor(method: string) {
    super(`There is no method ${method.slice(0, 128)}; \`methods\` lists those there are.`, {
      method: method.slice(0, 128),
    });
  }
}

export class MalformedMessagePack extends DomainError {
  readonly kind = 'invalid';
  readonly code = 'malformed_messagepack';
}

export class TooManyInFlight extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_in_flight';
  override readonly retryAfterSeconds = 1;

  constructor(limit: number) {
    super(`${limit} requests of this connection are under way, which is the limit; wait for their answers.`, { limit });
  }
}

export class TooManySubscriptions extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'too_many_subscriptions';

  constructor(limit: number) {
    super(`This connection has ${limit} subscriptions, which is the limit; end one, or name more feeds in one.`, {
      limit,
    });
  }
}

/** The requests of a batch whose answers would be more than may wait together; those before it were done. */
export class BatchAnswerTooLarge extends DomainError {
  readonly kind = 'too_large';
  readonly code = 'batch_answer_too_large';

  constructor(limit: number) {
    super(
      `The answers of this batch are more than ${limit} bytes; this request was not done, send it in another one.`,
      {
        limit,
      },
    );
  }
}
