import { Controller, Get, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope, StillAllowed } from '../shared/auth/index.js';
import { NotFound } from '../shared/errors/index.js';
import { EventLog, toCloudEvent } from '../shared/events/index.js';
import { AnswersGone, HungUp, IdParam } from '../shared/http/index.js';
import { WorkspaceAccess } from './workspace-access.js';
import { FeedPage, ReadFeed } from './feed.dto.js';

/** The log by its feeds: one of each workspace, one of the tenant. */
@Controller('v1')
@RequireScope('events:read')
export class FeedsController {
  constructor(
    private readonly log: EventLog,
    private readonly access: WorkspaceAccess,
  ) {}

  /** Events of a workspace in order; with `wait`, a long poll. The feed of a deleted workspace can still be read by its members. */
  @Get('workspaces/:id/events')
  @AnswersGone()
  async ofWorkspace(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() query: ReadFeed,
    @HungUp() signal: AbortSignal,
    @StillAllowed() beforeLook: () => Promise<void>,
  ): Promise<FeedPage> {
    if (id === caller.tenantId) throw new NotFound('workspace', id);
    await this.access.assertMayRead(caller, id);
    return this.read(caller, id, query, { signal, beforeLook });
  }

  /** Events of the tenant as a whole: its agents, and which workspaces there are. */
  @Get('events')
  @AnswersGone()
  ofTenant(
    @CurrentCaller() caller: Caller,
    @Query() query: ReadFeed,
    @HungUp() signal: AbortSignal,
    @StillAllowed() beforeLook: () => Promise<void>,
  ): Promise<FeedPage> {
    return this.read(caller, caller.tenantId, query, { signal, beforeLook });
  }

  private async read(
    caller: Caller,
    feedId: string,
    query: ReadFeed,
    { signal, beforeLook }: { signal: AbortSignal; beforeLook: () => Promise<void> },
  ): Promise<FeedPage> {
    const { wait, ...page } = query;
    const options = { ...page, waitMs: wait * 1_000, beforeLook };
    const { events, next } = await this.log.poll(caller.tenantId, feedId, options, signal);
    return { events: events.map(toCloudEvent), next };
  }
}
