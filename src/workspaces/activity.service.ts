import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { InvalidInput } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import type { Page } from '../shared/http/index.js';
import type { ListActivity, RecordActivity } from './activity.dto.js';
import { type Activity, ActivityRepository, OWN_ACTIVITIES } from './activity.repository.js';
import { assertSmall } from './payload.js';
import { WorkspaceAccess } from './workspace-access.js';
import { activityRecorded } from './workspaces.events.js';

/** What was done in a workspace: its members' changes by themselves, anything else by whoever did it. */
@Injectable()
export class ActivityService {
  constructor(
    private readonly activity: ActivityRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
  ) {}

  /** @throws NotFound, NotPermitted, InvalidInput for a type that Muster records itself, PayloadTooLarge */
  @Transactional()
  async record(caller: Caller, workspaceId: string, { type, details = {} }: RecordActivity): Promise<Activity> {
    if (OWN_ACTIVITIES.some((own) => own === type)) {
      throw InvalidInput.of('type', 'isNotOwn', `type must not be ${type}, which Muster records itself.`);
    }
    assertSmall('details', details);
    await this.access.assertMayIn(caller, workspaceId, 'comment');
    const { tenantId, actorId } = caller;
    const recorded = await this.activity.record(tenantId, workspaceId, { type, actorId, details });
    this.events.append(tenantId, activityRecorded(workspaceId, recorded));
    return recorded;
  }

  /** Newest first. @throws NotFound */
  async recent(caller: Caller, workspaceId: string, query: ListActivity): Promise<Page<Activity>> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const { limit, after, ...filter } = query;
    return this.activity.recent(caller.tenantId, workspaceId, limit, after, filter);
  }
}
