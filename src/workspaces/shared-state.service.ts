import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { SharedState, type StateOperation, VectorClock } from '../shared/crdt/index.js';
import { InvalidInput, type JsonObject } from '../shared/errors/index.js';
import { askedOf, assertForeign, type ChangeRequest } from './shared-state-request.js';
import { type SharedStatePlace, SharedStateWriter, type Written } from './shared-state-writer.js';
import { SharedStateRepository } from './shared-state.repository.js';
import { WorkspaceAccess } from './workspace-access.js';

/** Of one call. */
export const MAX_OPERATIONS = 500;

export interface ReachedState extends SharedStatePlace {
  value: JsonObject;
  updatedBy: string | null;
  updatedAt: Date | null;
}

export interface StateDelta extends SharedStatePlace {
  delta: JsonObject;
}

/** The shared state of a workspace: JSON that many change at once, here and as replicas elsewhere, and merge. */
@Injectable()
export class SharedStateService {
  constructor(
    private readonly access: WorkspaceAccess,
    private readonly states: SharedStateRepository,
    private readonly writer: SharedStateWriter,
  ) {}

  /** @throws NotFound */
  async get(caller: Caller, workspaceId: string): Promise<ReachedState> {
    const { state, sequence, updatedBy, updatedAt } = await this.read(caller, workspaceId);
    return { value: state.value(), clock: state.clock.toJSON(), sequence, updatedBy, updatedAt };
  }

  /**
   * What a replica lacks that knows of the operations of `since`; everything where it is left out.
   * @throws NotFound, InvalidInput
   */
  async delta(caller: Caller, workspaceId: string, since: unknown = {}): Promise<StateDelta> {
    const clock = VectorClock.fromJSON(since, 'since');
    const { state, sequence } = await this.read(caller, workspaceId);
    return { delta: state.delta(clock).toJSON(), clock: state.clock.toJSON(), sequence };
  }

  /**
   * Performs changes, and takes over operations of replicas, in this order; all of them or none.
   * @throws NotFound, NotPermitted, WorkspaceNotActive; InvalidInput; PathThroughValue, WrongKind, CounterOverflow of
   * changes; ClockFromNowhere, ClockTooFarAhead of operations; OperationIdReused, StateTooLarge
   */
  async perform(
    caller: Caller,
    workspaceId: string,
    operations: readonly (ChangeRequest | StateOperation)[],
  ): Promise<Written> {
    if (operations.length === 0 || operations.length > MAX_OPERATIONS) {
      throw InvalidInput.of('operations', 'size', `operations must be 1 to ${MAX_OPERATIONS}`);
    }
    return this.writer.write({ caller, workspaceId, change: { operations: operations.map(askedOf) } });
  }

  /**
   * Merges a state or a delta that `replica` sent, with its own operations and those that are known here.
   * @throws as `perform`, of operations
   */
  async merge(caller: Caller, workspaceId: string, replica: string, state: unknown): Promise<SharedStatePlace> {
    assertForeign(replica, 'replica');
    const change = { replica, state: SharedState.fromJSON(state) };
    const { clock, sequence } = await this.writer.write({ caller, workspaceId, change });
    return { clock, sequence };
  }

  private async read(caller: Caller, workspaceId: string) {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const found = await this.states.find(caller.tenantId, workspaceId);
    const { sequence = 0, updatedBy = null, updatedAt = null } = found ?? {};
    const state = found ? SharedState.fromJSON(JSON.parse(found.state)) : new SharedState();
    return { state, sequence, updatedBy, updatedAt };
  }
}
