import { Body, Controller, Get, Put } from '@nestjs/common';
import { Audit } from '../shared/audit/index.js';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam } from '../shared/http/index.js';
import { PresenceList, PresenceView, UpdatePresence } from './presence.dto.js';
import { PresenceService } from './presence.service.js';

/** Which members are there. */
@Controller('v1/workspaces/:id/presence')
@RequireScope('workspaces:read')
export class PresenceController {
  constructor(private readonly presence: PresenceService) {}

  /** Every member; who never said anything, or not in time, is offline. */
  @Get()
  async list(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<PresenceList> {
    return { items: (await this.presence.list(caller, id)).map(PresenceView.of) };
  }

  /** Says for a minute that the caller, who is a member, is there. */
  @Put()
  @RequireScope('workspaces:write')
  @Audit('never')
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() body: UpdatePresence,
  ): Promise<PresenceView> {
    return PresenceView.of(await this.presence.update(caller, id, body));
  }
}
