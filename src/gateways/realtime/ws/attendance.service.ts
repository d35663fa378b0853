import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { AgentsService } from '../../../agents/index.js';
import type { Caller } from '../../../shared/auth/index.js';
import { InvalidInput, type JsonObject, type JsonValue, NotFound } from '../../../shared/errors/index.js';
import { RestCalls } from './rest-calls.js';
import { REST_METHODS, type RestMethod } from './rest-methods.js';
import type { SocketConnection } from './socket-connection.js';
import { limitsOf, SOCKET_OPTIONS, type SocketOptions } from './socket.options.js';

interface Attended {
  caller: Caller;
  agentId: string;
  by: Set<SocketConnection>;
  /** Of the last sign of life that was given here, by the database's clock. */
  seenAt: Date;
  leaving?: NodeJS.Timeout | undefined;
}

const HEARTBEAT = REST_METHODS.get('agent.heartbeat') as RestMethod;
/** Agents that one connection may attend. */
const MAX_AGENTS = 100;

/**
 * Agents that are there as long as a connection is: whoever attaches one need not send heartbeats. When its last
 * connection of this node has ended, and no other node and no heartbeat has told of it for as long as signs of life may
 * be apart, it is offline.
 */
@Injectable()
export class Attendance implements OnModuleDestroy {
  private readonly logger = new Logger('sockets');
  private readonly attended = new Map<string, Attended>();
  private readonly pingMs: number;

  constructor(
    private readonly rest: RestCalls,
    private readonly agents: AgentsService,
    @Inject(SOCKET_OPTIONS) options: SocketOptions,
  ) {
    this.pingMs = limitsOf(options).pingMs;
  }

  /** The first sign of life is a call of the route, so rights and errors are the route's. @throws InvalidInput, RefusedCall */
  async attach(connection: SocketConnection, { agentId, ...more }: JsonObject): Promise<JsonValue> {
    const id = idIn(agentId, more);
    if (connection.agents.size >= MAX_AGENTS && !connection.agents.has(id)) {
      throw InvalidInput.of('agentId', 'maxAgents', `A connection attends ${MAX_AGENTS} agents at most.`);
    }
    using call = connection.begin(undefined);
    const heartbeat = JSON.parse(await this.rest.call(HEARTBEAT, { id }, call.origin)) as JsonObject;
    if (connection.isOpen) this.add(connection, id, new Date(String(heartbeat.lastSeenAt)));
    return heartbeat;
  }

  /** @throws InvalidInput, NotFound */
  detach(connection: SocketConnection, { agentId, ...more }: JsonObject): void {
    const id = idIn(agentId, more);
    if (!connection.agents.delete(id)) throw new NotFound('attended agent', id);
    this.remove(connection, id);
  }

  /** Signs of life of what the connection attends; those of many connections share a statement. */
  beat(connection: SocketConnection): void {
    for (const id of connection.agents) void this.beatFor(connection, id);
  }

  release(connection: SocketConnection): void {
    for (const id of connection.agents) this.remove(connection, id);
  }

  onModuleDestroy(): void {
    for (const { leaving } of this.attended.values()) clearTimeout(leaving);
    this.attended.clear();
  }

  private add(connection: SocketConnection, agentId: string, seenAt: Date): void {
    const { tenantId, actorId, scopes } = connection.peer.caller;
    const caller = { tenantId, actorId, scopes };
    const key = `${tenantId} ${agentId}`;
    const one = this.attended.get(key) ?? { caller, agentId, by: new Set(), seenAt };
    clearTimeout(one.leaving);
    one.leaving = undefined;
    one.seenAt = seenAt;
    one.by.add(connection);
    connection.agents.add(agentId);
    this.attended.set(key, one);
  }

  private remove(connection: SocketConnection, agentId: string): void {
    const key = `${connection.peer.caller.tenantId} ${agentId}`;
    const one = this.attended.get(key);
    one?.by.delete(connection);
    if (!one || one.by.size > 0 || one.leaving) return;
    // Other nodes tell of it within this time, if it is there.
    one.leaving = setTimeout(() => {
      this.attended.delete(key);
      void this.left(one);
    }, 1.5 * this.pingMs).unref();
  }

  private async beatFor(connection: SocketConnection, agentId: string): Promise<void> {
    const { caller } = connection.peer;
    try {
      const { lastSeenAt } = await this.agents.heartbeat(caller, agentId);
      const one = this.attended.get(`${caller.tenantId} ${agentId}`);
      if (one) one.seenAt = lastSeenAt;
    } catch (error) {
      // The next one is due soon; an agent that was deleted has no signs of life.
      if (error instanceof NotFound) connection.agents.delete(agentId);
      else this.logger.warn({ msg: 'a sign of life could not be kept', agentId, err: error });
    }
  }

  private async left({ caller, agentId, seenAt }: Attended): Promise<void> {
    try {
      await this.agents.left(caller, agentId, seenAt);
    } catch (error) {
      if (!(error instanceof NotFound))
        this.logger.warn({ msg: 'an agent could not be set offline', agentId, err: error });
    }
  }
}

function idIn(agentId: JsonValue | undefined, more: JsonObject): string {
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) {
    throw InvalidInput.of(unknown, 'isKnown', `${unknown} is not a known field; known are agentId.`);
  }
  if (typeof agentId === 'string' && agentId !== '') return agentId.toLowerCase();
  throw InvalidInput.of('agentId', agentId === undefined ? 'isDefined' : 'isUuid', 'agentId must be a UUID.');
}
