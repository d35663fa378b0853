import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { SerializationConflict } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import type { Agent } from './agent.entity.js';
import type { AgentHeartbeat, ListAgents, RegisterAgent, UpdateAgent } from './agent.dto.js';
import { type AgentStatus, allowedFrom, wakesUp } from './agent-state.js';
import { agentDeleted, agentRegistered, agentStatusChanged, agentUpdated } from './agents.events.js';
import { AgentNotActive, InvalidAgentTransition } from './agents.errors.js';
import { type AgentPatch, AgentsRepository } from './agents.repository.js';
import { normaliseCapabilities } from './capabilities.js';

/** Who can work: identity, capabilities, capacity, and whether it is there. */
@Injectable()
export class AgentsService {
  constructor(
    private readonly agents: AgentsRepository,
    private readonly events: EventLog,
  ) {}

  /**
   * The agent of that name: a new one, active at once, or the one there is, with the fields that were sent. Fields left
   * out keep their value. An agent that was offline is active again; one that was drained or taken out of service
   * stays so.
   */
  @Transactional({ retries: 3 })
  async register(caller: Caller, { name, ...given }: RegisterAgent): Promise<{ agent: Agent; created: boolean }> {
    const patch = patchOf(given);
    const agent = await this.agents.insert(caller.tenantId, {
      name,
      kind: patch.kind ?? 'agent',
      capabilities: patch.capabilities ?? [],
      capacity: patch.capacity ?? null,
      labels: patch.labels ?? {},
    });
    if (!agent) return { agent: await this.registerAgain(caller, name, patch), created: false };
    this.events.append(caller.tenantId, agentRegistered(caller, agent));
    return { agent, created: true };
  }

  /** @throws NotFound */
  get(caller: Caller, id: string): Promise<Agent> {
    return this.agents.get(caller.tenantId, id);
  }

  /** Undefined when it does not exist, or is deleted. */
  find(caller: Caller, id: string): Promise<Agent | undefined> {
    return this.agents.find(caller.tenantId, id);
  }

  /** Those of these ids that are agents, not deleted. */
  existing(caller: Caller, ids: readonly string[]): Promise<ReadonlySet<string>> {
    return this.agents.existing(caller.tenantId, ids);
  }

  /** Agents that have all of these capabilities, in any status, active ones first; a thousand at most. */
  listCapable(caller: Caller, capabilities: readonly string[]): Promise<Agent[]> {
    return this.agents.listCapable(caller.tenantId, normaliseCapabilities(capabilities));
  }

  /**
   * The agent, if it may get work.
   * @throws NotFound, AgentNotActive
   */
  async getForClaim(tenantId: string, id: string): Promise<Agent> {
    const agent = await this.agents.get(tenantId, id);
    if (agent.status !== 'active') throw new AgentNotActive(agent);
    return agent;
  }

  list(caller: Caller, query: Partial<ListAgents> = {}): Promise<Page<Agent>> {
    return this.agents.list(caller.tenantId, query);
  }

  /** @throws NotFound, OptimisticLock when the agent is not at `version` */
  @Transactional()
  async update(caller: Caller, id: string, version: number, changes: UpdateAgent): Promise<Agent> {
    const patch = patchOf(changes);
    const agent = await this.agents.update(caller.tenantId, id, version, patch);
    this.events.append(caller.tenantId, agentUpdated(caller, agent, patch));
    return agent;
  }

  /** The status it has already is no change. @throws NotFound, InvalidAgentTransition naming what is allowed */
  @Transactional()
  async changeStatus(caller: Caller, id: string, status: AgentStatus): Promise<Agent> {
    return this.transition(caller, await this.agents.getForUpdate(caller.tenantId, id), status);
  }

  /**
   * A sign of life. It makes an agent that was offline or starting active; otherwise only its time is kept. Whoever
   * attends the agent says after how long without one it is offline.
   */
  async heartbeat(caller: Caller, id: string, offlineAfterMs?: number): Promise<AgentHeartbeat> {
    const heartbeat = await this.agents.heartbeat(caller.tenantId, id, offlineAfterMs);
    if (!wakesUp(heartbeat.status)) return heartbeat;
    return { ...heartbeat, status: await this.wake(caller, id) };
  }

  /**
   * Up to `limit` agents of the caller's tenant that were attended and are no longer heard of are offline, as far as they
   * might work; what somebody decided about them stays. Only of those that may be unheard of for at most `ms`. Answers
   * how many are offline now.
   */
  @Transactional()
  async endAttendance(caller: Caller, ms: number, limit: number): Promise<number> {
    const absent = await this.agents.endAttendance(caller.tenantId, ms, limit);
    const events = absent.map(({ agent, was }) => agentStatusChanged(caller, agent, was));
    this.events.append(caller.tenantId, ...events);
    return absent.length;
  }

  /**
   * Hides the agent and frees its name. It can claim nothing more; what it holds it may finish, and goes back to the
   * others when a lease runs out. @throws NotFound
   */
  @Transactional()
  async delete(caller: Caller, id: string): Promise<void> {
    const agent = await this.agents.softDelete(caller.tenantId, id);
    this.events.append(caller.tenantId, agentDeleted(caller, agent));
  }

  private async registerAgain(caller: Caller, name: string, given: AgentPatch): Promise<Agent> {
    const agent = await this.agents.heartbeatByName(caller.tenantId, name);
    // Deleted between the two statements: the name is free now.
    if (!agent) throw new SerializationConflict('agents.register', { cause: `${name} was deleted meanwhile` });

    const patch = Object.fromEntries(
      Object.entries(given).filter(([field, value]) => !isDeepStrictEqual(agent[field as keyof AgentPatch], value)),
    );
    const updated = Object.keys(patch).length > 0 ? await this.update(caller, agent.id, agent.version, patch) : agent;
    return wakesUp(updated.status) ? this.transition(caller, updated, 'active') : updated;
  }

  @Transactional()
  private async wake(caller: Caller, id: string): Promise<AgentStatus> {
    const agent = await this.agents.getForUpdate(caller.tenantId, id);
    return wakesUp(agent.status) ? (await this.transition(caller, agent, 'active')).status : agent.status;
  }

  /** The agent's row is locked by this transaction. */
  private async transition(caller: Caller, agent: Agent, status: AgentStatus): Promise<Agent> {
    if (agent.status === status) return agent;
    if (!allowedFrom(agent.status).includes(status)) throw new InvalidAgentTransition(agent, status);
    const changed = await this.agents.update(caller.tenantId, agent.id, agent.version, { status });
    this.events.append(caller.tenantId, agentStatusChanged(caller, changed, agent.status));
    return changed;
  }
}

/** The fields that were given, capabilities in their stored form. */
function patchOf({ kind, capabilities, capacity, labels }: UpdateAgent): AgentPatch {
  return {
    ...(kind !== undefined && { kind }),
    ...(capabilities !== undefined && { capabilities: normaliseCapabilities(capabilities) }),
    ...(capacity !== undefined && { capacity }),
    ...(labels !== undefined && { labels }),
  };
}
