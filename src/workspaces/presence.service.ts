import { Injectable } from '@nestjs/common';
import type { Caller } from '../shared/auth/index.js';
import { Transactional } from '../shared/database/index.js';
import { EventLog } from '../shared/events/index.js';
import type { UpdatePresence } from './presence.dto.js';
import { type NewPresence, type Presence, PresenceRepository, type SaidPresence } from './presence.repository.js';
import { WorkspaceAccess } from './workspace-access.js';
import { NotMember } from './workspaces.errors.js';
import { presenceChanged } from './workspaces.events.js';

/** Which members are there, and what they are busy with. Who does not say it again in time is offline. */
@Injectable()
export class PresenceService {
  constructor(
    private readonly presence: PresenceRepository,
    private readonly access: WorkspaceAccess,
    private readonly events: EventLog,
  ) {}

  /** Of every member. @throws NotFound */
  async list(caller: Caller, workspaceId: string): Promise<Presence[]> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    return this.presence.list(caller.tenantId, workspaceId);
  }

  /** The caller's own. The feed hears of another status, and never of a renewal. @throws NotFound, NotMember */
  @Transactional()
  async update(caller: Caller, workspaceId: string, { status, on }: UpdatePresence): Promise<Presence> {
    await this.access.assertMayIn(caller, workspaceId, 'read');
    const { tenantId, actorId } = caller;
    const { was, ...said } = await this.say(tenantId, workspaceId, {
      memberId: actorId,
      status,
      on: status === 'offline' ? null : (on ?? null),
    });
    if (was !== status) this.events.append(tenantId, presenceChanged(actorId, workspaceId, said));
    return said;
  }

  /** Up to `limit` members of the tenant who did not renew their presence in time are offline; answers how many. */
  @Transactional()
  async expire(tenantId: string, limit: number): Promise<number> {
    const gone = await this.presence.expire(tenantId, limit);
    for (const { workspaceId, memberId } of gone) {
      this.events.append(tenantId, presenceChanged(null, workspaceId, { memberId, status: 'offline', on: null }));
    }
    return gone.length;
  }

  private async say(tenantId: string, workspaceId: string, presence: NewPresence): Promise<SaidPresence> {
    const said =
      (await this.presence.renew(tenantId, workspaceId, presence)) ??
      (await this.presence.insert(tenantId, workspaceId, presence)) ??
      // Said by another call of the same member in between.
      (await this.presence.renew(tenantId, workspaceId, presence));
    if (!said) throw new NotMember(workspaceId, presence.memberId);
    return said;
  }
}
