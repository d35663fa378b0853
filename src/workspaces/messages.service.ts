import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import type { JsonObject } from '../shared/errors/index.js';
import { EventLog } from '../shared/events/index.js';
import { MembersRepository } from './members.repository.js';
import { assertSmall } from './payload.js';
import { WorkspaceAccess } from './workspace-access.js';
import { messageSent } from './workspaces.events.js';

/** What is said in a workspace, as events of its feed: in order with what happens there, and read by who reads that. */
@Injectable()
export class MessagesService {
  constructor(
    private readonly members: MembersRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
  ) {}

  /**
   * To a member, or to everybody who follows the feed; what is meant for one can be read by the others as well.
   * @throws NotFound for the workspace and for the member, NotPermitted, PayloadTooLarge
   */
  @Transactional()
  async send(caller: Caller, workspaceId: string, message: JsonObject, to: string | null = null): Promise<void> {
    assertSmall('message', message);
    const { tenantId, actorId } = caller;
    await this.access.assertMayIn(caller, workspaceId, 'comment');
    if (to !== null) await this.members.get(tenantId, workspaceId, to);
    this.events.append(tenantId, messageSent(actorId, workspaceId, to, message));
  }
}
