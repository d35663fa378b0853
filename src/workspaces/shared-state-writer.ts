import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import type { SharedState } from '../shared/crdt/index.js';
import { Batcher, type Outcome, Transactional, Transactions } from '../shared/database/index.js';
import { DomainError } from '../shared/errors/index.js';
import { ChangeNotices } from '../shared/events/index.js';
import { type OperationResult, SharedStateDraft } from './shared-state-draft.js';
import type { AskedOperation } from './shared-state-request.js';
import { SharedStateRepository } from './shared-state.repository.js';
import { WorkspaceAccess } from './workspace-access.js';
import { sharedStateChanged } from './workspaces.events.js';

/** What somebody wants done with a shared state. */
export interface SharedStateCall {
  caller: Caller;
  workspaceId: string;
  change: { operations: readonly AskedOperation[] } | { replica: string; state: SharedState };
}

/** How far a shared state is. */
export interface SharedStatePlace {
  /** How many operations of each replica it knows without a gap. */
  clock: Record<string, number>;
  sequence: number;
}

export interface Written extends SharedStatePlace {
  /** Of each operation; none of a merge. */
  results: OperationResult[];
}

/** So a batch holds 512 operations: in a full state of 2,800 small values they keep the node busy for 0.11 s. */
const WEIGHT_OF_OPERATION = 16 * 1024;
const WEIGHT_OF_STATE = 256 * 1024;
/** Old ids are forgotten once in so many writes. */
const TIDY_EVERY = 256;

/**
 * Writes shared states. Calls for one workspace that come together on a node share a transaction: it locks the state,
 * lets each call change it or be refused, and stores it once.
 */
@Injectable()
export class SharedStateWriter {
  private readonly batcher = new Batcher<SharedStateCall, Written>({
    operation: 'shared_state.write',
    lanes: 1,
    queueOf: ({ workspaceId }) => workspaceId,
    weigh: ({ change }) => ('operations' in change ? change.operations.length * WEIGHT_OF_OPERATION : WEIGHT_OF_STATE),
    flush: (tenantId, calls) => this.writeAll(tenantId, calls),
  });

  constructor(
    private readonly access: WorkspaceAccess,
    private readonly states: SharedStateRepository,
    private readonly notices: ChangeNotices,
    private readonly transactions: Transactions,
  ) {
    notices.declare(sharedStateChanged);
  }

  /** @throws NotFound, NotPermitted, WorkspaceNotActive, and as `SharedStateDraft` */
  async write(call: SharedStateCall): Promise<Written> {
    if (!this.transactions.current()) return this.batcher.add(call.caller.tenantId, call);
    const [outcome] = await this.writeAll(call.caller.tenantId, [call]);
    if (outcome && 'value' in outcome) return outcome.value;
    throw outcome?.error;
  }

  /** All calls are of one workspace. */
  @Transactional()
  protected async writeAll(tenantId: string, calls: readonly SharedStateCall[]): Promise<Outcome<Written>[]> {
    const workspaceId = calls[0]?.workspaceId ?? '';
    const refusals = await this.refusalsOf(calls);
    if (refusals.every(Boolean)) return refusals.map((error) => ({ error }));

    const { sequence, state, now } = await this.lock(tenantId, workspaceId);
    const ids = calls.flatMap(idsOf);
    const known = ids.length > 0 ? await this.states.known(tenantId, workspaceId, ids) : [];
    const draft = new SharedStateDraft(state, now, known);
    const outcomes = calls.map((call, index) => attempt(draft, call, refusals[index]));
    const reached = draft.changed ? sequence + 1 : sequence;
    if (draft.changed) await this.store(tenantId, workspaceId, reached, draft, calls.at(-1)?.caller.actorId ?? '');
    const place = { clock: draft.vectorClock, sequence: reached };
    return outcomes.map((one) => ('value' in one ? { value: { results: one.value, ...place } } : one));
  }

  private async store(
    tenantId: string,
    workspaceId: string,
    sequence: number,
    draft: SharedStateDraft,
    actorId: string,
  ): Promise<void> {
    await this.states.write(tenantId, workspaceId, { sequence, state: draft.text, updatedBy: actorId });
    if (draft.remembered.length > 0) await this.states.remember(tenantId, workspaceId, draft.remembered);
    if (sequence % TIDY_EVERY === 0) await this.states.forgetOld(tenantId, workspaceId);
    const notice = { subjectId: workspaceId, feedId: workspaceId, sequence, actorId };
    await this.notices.note(tenantId, sharedStateChanged, notice);
  }

  private async lock(tenantId: string, workspaceId: string) {
    const found = await this.states.lock(tenantId, workspaceId);
    if (found) return found;
    await this.states.begin(tenantId, workspaceId);
    const begun = await this.states.lock(tenantId, workspaceId);
    if (!begun) throw new Error('a shared state was begun and is not there');
    return begun;
  }

  /** In the transaction, and once for each who calls: a batch of one caller asks once. */
  private async refusalsOf(calls: readonly SharedStateCall[]): Promise<(DomainError | undefined)[]> {
    const found = new Map<string, DomainError | undefined>();
    for (const { caller, workspaceId } of calls) {
      const key = keyOf(caller);
      if (!found.has(key)) found.set(key, await this.refusalOf(caller, workspaceId));
    }
    return calls.map(({ caller }) => found.get(keyOf(caller)));
  }

  private async refusalOf(caller: Caller, workspaceId: string): Promise<DomainError | undefined> {
    try {
      await this.access.assertMayIn(caller, workspaceId, 'write');
      return undefined;
    } catch (error) {
      if (error instanceof DomainError && error.kind !== 'unavailable') return error;
      throw error;
    }
  }
}

function attempt(
  draft: SharedStateDraft,
  { change }: SharedStateCall,
  refusal: DomainError | undefined,
): Outcome<OperationResult[]> {
  if (refusal) return { error: refusal };
  try {
    if ('operations' in change) return { value: draft.perform(change.operations) };
    draft.merge(change.replica, change.state);
    return { value: [] };
  } catch (error) {
    if (error instanceof DomainError) return { error };
    throw error;
  }
}

const idsOf = ({ change }: SharedStateCall): string[] =>
  'operations' in change ? change.operations.flatMap(({ known }) => known?.id ?? []) : [];

const keyOf = ({ actorId, scopes }: Caller): string => `${scopes.join(' ')} ${actorId}`;
