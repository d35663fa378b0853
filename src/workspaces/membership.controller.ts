import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam, SendsVersion } from '../shared/http/index.js';
import { JoinWorkspace, MemberView } from './member.dto.js';
import { MembersService } from './members.service.js';

/** The caller's own belonging to a workspace. */
@Controller('v1/workspaces/:id')
@RequireScope('workspaces:write')
export class MembershipController {
  constructor(private readonly members: MembersService) {}

  /** Becomes a member of a workspace that is open to all: an editor of a team's, a viewer of a public one. */
  @Post('join')
  @HttpCode(200)
  @SendsVersion()
  async join(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() { kind }: JoinWorkspace,
  ): Promise<MemberView> {
    return MemberView.of(await this.members.join(caller, id, kind));
  }

  /** Is no member any more. The last owner stays. */
  @Post('leave')
  @HttpCode(204)
  async leave(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.members.remove(caller, id, caller.actorId);
  }
}
