import { Inject, Injectable, Logger } from '@nestjs/common';
import { AgentsService } from '../../../agents/index.js';
import { InvalidInput, type JsonObject, type JsonValue, NotFound } from '../../../shared/errors/index.js';
import { RestCalls } from './rest-calls.js';
import { REST_METHODS, type RestMethod } from './rest-methods.js';
import type { SocketConnection } from './socket-connection.js';
import { limitsOf, SOCKET_OPTIONS, type SocketOptions } from './socket.options.js';

const HEARTBEAT = REST_METHODS.get('agent.heartbeat') as RestMethod;
/** Agents that one connection may attend. */
const MAX_AGENTS = 100;

/**
 * Agents that are there as long as a connection is: whoever attaches one need not send heartbeats. Each sign of life says
 * how long the agent is there without another, so it needs no goodbye to be offline then, from the connection or from its
 * node; the aggregate sees to that.
 */
@Injectable()
export class Attendance {
  private readonly logger = new Logger('sockets');
  private readonly offlineAfterMs: number;

  constructor(
    private readonly rest: RestCalls,
    private readonly agents: AgentsService,
    @Inject(SOCKET_OPTIONS) options: SocketOptions,
  ) {
    this.offlineAfterMs = Math.ceil(1.5 * limitsOf(options).pingMs);
  }

  /** The first sign of life is a call of the route, so rights and errors are the route's. @throws InvalidInput, RefusedCall */
  async attach(connection: SocketConnection, { agentId, ...more }: JsonObject): Promise<JsonValue> {
    const id = idIn(agentId, more);
    assertRoom(connection, id);
    using call = connection.begin(undefined);
    const heartbeat = JSON.parse(await this.rest.call(HEARTBEAT, { id }, call.origin)) as JsonObject;
    await this.agents.heartbeat(connection.peer.caller, id, this.offlineAfterMs);
    // Others may have come in between.
    assertRoom(connection, id);
    connection.agents.add(id);
    return heartbeat;
  }

  /** @throws InvalidInput, NotFound */
  detach(connection: SocketConnection, { agentId, ...more }: JsonObject): void {
    const id = idIn(agentId, more);
    if (!connection.agents.delete(id)) throw new NotFound('attended agent', id);
  }

  /** Signs of life of what the connection attends; those of many connections share a statement. */
  beat(connection: SocketConnection): void {
    for (const id of connection.agents) void this.beatFor(connection, id);
  }

  private async beatFor(connection: SocketConnection, agentId: string): Promise<void> {
    try {
      await this.agents.heartbeat(connection.peer.caller, agentId, this.offlineAfterMs);
    } catch (error) {
      // The next one is due soon; an agent that was deleted has no signs of life.
      if (error instanceof NotFound) connection.agents.delete(agentId);
      else this.logger.warn({ msg: 'a sign of life could not be kept', agentId, err: error });
    }
  }
}

/** @throws InvalidInput when the connection attends as many agents as it may */
function assertRoom({ agents }: SocketConnection, id: string): void {
  if (agents.size < MAX_AGENTS || agents.has(id)) return;
  throw InvalidInput.of('agentId', 'maxAgents', `A connection attends ${MAX_AGENTS} agents at most.`);
}

function idIn(agentId: JsonValue | undefined, more: JsonObject): string {
  const [unknown] = Object.keys(more);
  if (unknown !== undefined) {
    throw InvalidInput.of(unknown, 'isKnown', `${unknown} is not a known field; known are agentId.`);
  }
  if (typeof agentId === 'string' && agentId !== '') return agentId.toLowerCase();
  throw InvalidInput.of('agentId', agentId === undefined ? 'isDefined' : 'isUuid', 'agentId must be a UUID.');
}
