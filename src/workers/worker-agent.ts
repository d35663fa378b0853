import { Inject, Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/index.js';
import { type Caller, TenantsService } from '../shared/auth/index.js';
import { type JsonValue, NotFound } from '../shared/errors/index.js';
import { ClaimsService, DEFAULT_LEASE_SECONDS, type Held, type Lease } from '../tasks/index.js';
import { WorkspacesService } from '../workspaces/index.js';
import type { Room } from './slots.js';
import { WORKER_OPTIONS, type WorkerOptions } from './worker.options.js';

/** How long one claim waits for work before the next one begins. */
const WAIT_SECONDS = 30;

/** Who the worker is: one agent of one tenant, registered at the start. */
@Injectable()
export class WorkerAgent {
  private agentId?: string;
  private known?: Caller;

  constructor(
    private readonly agents: AgentsService,
    private readonly claims: ClaimsService,
    private readonly tenants: TenantsService,
    private readonly workspaces: WorkspacesService,
    @Inject(WORKER_OPTIONS) private readonly options: WorkerOptions,
  ) {}

  /** The agent, as services are called. */
  get caller(): Caller {
    if (!this.known) throw new TypeError('The worker is not registered yet.');
    return this.known;
  }

  /** How long a lease lasts unless it is extended, in ms. */
  get leaseMs(): number {
    return (this.options.leaseSeconds ?? DEFAULT_LEASE_SECONDS) * 1000;
  }

  /** @throws NotFound for an unknown tenant; InvalidInput */
  async register(): Promise<void> {
    const tenantId = await this.tenantId();
    const { agent: given } = this.options;
    const registrar: Caller = { tenantId, actorId: given.name, scopes: ['agents:write'] };
    const { agent } = await this.agents.register(registrar, given);
    this.agentId = agent.id;
    this.known = { tenantId, actorId: agent.id, scopes: ['write'] };
  }

  /** A sign of life, which also makes an agent active again that was taken for offline. */
  async heartbeat(): Promise<void> {
    await this.agents.heartbeat(this.caller, this.agentId ?? '');
  }

  /**
   * Waits for tasks that there is room for. Undefined when none came in time, or `signal` fired.
   * @param room what may be claimed, asked before each look
   * @throws AgentNotActive while the agent was taken out of service
   */
  async claim(room: () => Room | undefined, signal: AbortSignal): Promise<Lease[] | undefined> {
    const attempt = async (): Promise<Lease[] | undefined> => {
      const now = room();
      if (!now) return undefined;
      const leases = await this.claims.claim(this.caller, { ...this.terms(), ...now });
      return leases.length > 0 ? leases : undefined;
    };
    try {
      return await this.claims.waitForWork(this.caller, WAIT_SECONDS, attempt, signal);
    } catch (error) {
      // The name is free, and this process is still there.
      if (isAgentUnknown(error)) await this.register();
      throw error;
    }
  }

  /**
   * Completes a task, and claims the next one of these types; none where there is none.
   * @throws what the completion is refused with
   */
  async completeAndClaim(held: Held, result: JsonValue, types: readonly string[]): Promise<Lease | undefined> {
    const { caller } = this;
    try {
      const next = { ...this.terms(), types: [...types] };
      return (await this.claims.completeAndClaim(caller, held, result, next)).next;
    } catch (error) {
      // Its agent or a workspace that it works for was deleted: that is no reason to lose what was done.
      if (!(error instanceof NotFound) || error.details.entity === 'task') throw error;
      await this.claims.complete(caller, held, result);
      return undefined;
    }
  }

  private terms() {
    const { workspaceIds, leaseSeconds = DEFAULT_LEASE_SECONDS } = this.options;
    return { agentId: this.agentId ?? '', leaseSeconds, ...(workspaceIds && { workspaceIds: [...workspaceIds] }) };
  }

  private async tenantId(): Promise<string> {
    const { tenant } = this.options;
    if (tenant !== undefined) return (await this.tenants.get(tenant)).id;
    const { id } = await this.tenants.ensureDefault();
    await this.workspaces.ensureDefault(id);
    return id;
  }
}

/** Somebody deleted it. */
const isAgentUnknown = (error: unknown): boolean => error instanceof NotFound && error.details.entity === 'agent';
