import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam, IfMatch, SendsVersion } from '../shared/http/index.js';
import { AddMember, ListMembers, MemberPage, MemberView, UpdateMember } from './member.dto.js';
import { MembersService } from './members.service.js';

/** Who belongs to a workspace, and as what. */
@Controller('v1/workspaces/:id/members')
@RequireScope('workspaces:write')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  /** Adds a member, whose role is at most the caller's. */
  @Post()
  @SendsVersion()
  async add(@CurrentCaller() caller: Caller, @IdParam() id: string, @Body() body: AddMember): Promise<MemberView> {
    return MemberView.of(await this.members.add(caller, id, body));
  }

  /** Members in the order in which they joined. */
  @Get()
  @RequireScope('workspaces:read')
  async list(@CurrentCaller() caller: Caller, @IdParam() id: string, @Query() query: ListMembers): Promise<MemberPage> {
    const page = await this.members.list(caller, id, query);
    return { ...page, items: page.items.map(MemberView.of) };
  }

  @Get(':member')
  @RequireScope('workspaces:read')
  @SendsVersion()
  async get(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Param('member') member: string,
  ): Promise<MemberView> {
    return MemberView.of(await this.members.get(caller, id, member));
  }

  /** Changes the role, or what is permitted besides it, of one below the caller. */
  @Patch(':member')
  @SendsVersion()
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Param('member') member: string,
    @IfMatch() version: number,
    @Body() body: UpdateMember,
  ): Promise<MemberView> {
    return MemberView.of(await this.members.update(caller, id, member, version, body));
  }

  /** Removes one below the caller; anybody may remove himself. The last owner stays. */
  @Delete(':member')
  @HttpCode(204)
  async remove(@CurrentCaller() caller: Caller, @IdParam() id: string, @Param('member') member: string): Promise<void> {
    await this.members.remove(caller, id, member);
  }
}
