import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import type { JsonObject } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import { type StateEntry, StateRepository, type WorkspaceState } from './state.repository.js';
import { WorkspaceAccess } from './workspace-access.js';
import { StateTooLarge } from './workspaces.errors.js';
import { stateUpdated } from './workspaces.events.js';

/** Of a state's JSON text. */
export const MAX_STATE_BYTES = 256 * 1024;

/** What a workspace's agents and people know together, as one JSON object. Nobody overwrites what he has not read. */
@Injectable()
export class StateService {
  constructor(
    private readonly states: StateRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
  ) {}

  /**
   * The newest version, undefined while nothing was written; or a certain one.
   * @throws NotFound for the workspace, or a version that never was or is no longer kept
   */
  async get(caller: Caller, workspaceId: string, version?: number): Promise<WorkspaceState | undefined> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const { tenantId } = caller;
    return version === undefined
      ? this.states.find(tenantId, workspaceId)
      : this.states.get(tenantId, workspaceId, version);
  }

  /** Newest first; the last hundred versions. @throws NotFound */
  async history(caller: Caller, workspaceId: string, limit: number, after?: string): Promise<Page<StateEntry>> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    return this.states.history(caller.tenantId, workspaceId, limit, after);
  }

  /**
   * Replaces the state, if it is still at `version`; 0 is that of one that was never written.
   * @throws NotFound, NotPermitted, WorkspaceLocked, WorkspaceNotActive, StateTooLarge, OptimisticLock with the current version
   */
  @Transactional()
  async update(caller: Caller, workspaceId: string, version: number, state: JsonObject): Promise<WorkspaceState> {
    await this.access.assertMayIn(caller, workspaceId, 'write');
    return this.write(caller, workspaceId, version, state);
  }

  /** Writes the content of an earlier version once more. @throws as `update`, and NotFound */
  @Transactional()
  async restore(caller: Caller, workspaceId: string, version: number, earlier: number): Promise<WorkspaceState> {
    await this.access.assertMayIn(caller, workspaceId, 'write');
    const { state } = await this.states.get(caller.tenantId, workspaceId, earlier);
    return this.write(caller, workspaceId, version, state, earlier);
  }

  private async write(
    { tenantId, actorId }: Caller,
    workspaceId: string,
    version: number,
    state: JsonObject,
    restored?: number,
  ): Promise<WorkspaceState> {
    const bytes = Buffer.byteLength(JSON.stringify(state));
    if (bytes > MAX_STATE_BYTES) throw new StateTooLarge(bytes, MAX_STATE_BYTES);
    const written = await this.states.write(tenantId, workspaceId, version, { state, bytes, updatedBy: actorId });
    this.events.append(tenantId, stateUpdated(actorId, workspaceId, written, restored));
    return written;
  }
}
