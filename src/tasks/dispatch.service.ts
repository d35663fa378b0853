import { Injectable } from '@nestjs/common';
import { AgentsService } from '../agents/index.js';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { AlreadyExists, InvalidInput, NotFound } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page, PageQuery } from '../shared/http/index.js';
import { WorkspacesService } from '../workspaces/index.js';
import { type ConcurrencyLimit, DispatchRepository } from './dispatch.repository.js';
import type { Pause, PauseTarget } from './pause.js';
import { tasksPaused, tasksResumed } from './tasks.events.js';

/** Stops and bounds the handing out of tasks. What is held already is not touched: cancel it, or let it end. */
@Injectable()
export class DispatchService {
  constructor(
    private readonly dispatch: DispatchRepository,
    private readonly workspaces: WorkspacesService,
    private readonly agents: AgentsService,
    private readonly events: EventLog,
  ) {}

  /** Claims that begin after the commit take nothing that fits. @throws NotFound, AlreadyExists when it is paused */
  @Transactional()
  async pause(caller: Caller, target: PauseTarget, reason: string | null = null): Promise<Pause> {
    await this.assertExists(caller, target);
    const pause = await this.dispatch.pause(caller.tenantId, target, { reason, actorId: caller.actorId });
    if (!pause) throw new AlreadyExists('pause', `${target.scope} ${target.subject}`);
    this.events.append(caller.tenantId, tasksPaused(caller, target, reason));
    return pause;
  }

  /** @throws NotFound when it is not paused */
  @Transactional()
  async resume(caller: Caller, target: PauseTarget): Promise<void> {
    if (!(await this.dispatch.resume(caller.tenantId, target))) {
      throw new NotFound('pause', `${target.scope} ${target.subject}`);
    }
    this.events.append(caller.tenantId, tasksResumed(caller, target));
  }

  listPauses(caller: Caller, page: PageQuery): Promise<Page<Pause>> {
    return this.dispatch.listPauses(caller.tenantId, page);
  }

  /** How many tasks of the key may run at once from now on; 0 stops them. What runs above it goes on. */
  @Transactional()
  async setLimit(caller: Caller, key: string, limit: number): Promise<ConcurrencyLimit> {
    return this.dispatch.setLimit(caller.tenantId, key, limit);
  }

  /** @throws NotFound for a key that no task has had */
  async getLimit(caller: Caller, key: string): Promise<ConcurrencyLimit> {
    const limit = await this.dispatch.limit(caller.tenantId, key);
    if (!limit) throw new NotFound('concurrency key', key);
    return limit;
  }

  private async assertExists(caller: Caller, { scope, subject }: PauseTarget): Promise<void> {
    if (scope !== 'type' && !UUID.test(subject)) {
      throw InvalidInput.of('subject', 'isUuid', `subject must be the id of the ${scope}`);
    }
    if (scope === 'workspace') await this.workspaces.get(caller, subject);
    if (scope === 'agent') await this.agents.get(caller, subject);
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
