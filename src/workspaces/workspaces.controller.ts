import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { Audit } from '../shared/audit/index.js';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { IdParam, IfMatch, SendsVersion } from '../shared/http/index.js';
import {
  CreateWorkspace,
  ListWorkspaces,
  MAX_PURGED,
  PurgedWorkspaces,
  PurgeWorkspaces,
  UpdateWorkspace,
  WorkspacePage,
  WorkspaceView,
} from './workspace.dto.js';
import { WorkspacesService } from './workspaces.service.js';

@Controller('v1/workspaces')
@RequireScope('workspaces:write')
export class WorkspacesController {
  constructor(private readonly workspaces: WorkspacesService) {}

  /** Creates a workspace and its feed of events. */
  @Post()
  @SendsVersion()
  async create(@CurrentCaller() caller: Caller, @Body() body: CreateWorkspace): Promise<WorkspaceView> {
    return WorkspaceView.of(await this.workspaces.create(caller, body));
  }

  /** Workspaces, oldest first unless sorted otherwise. */
  @Get()
  @RequireScope('workspaces:read')
  async list(@CurrentCaller() caller: Caller, @Query() query: ListWorkspaces): Promise<WorkspacePage> {
    const page = await this.workspaces.list(caller, query);
    return { ...page, items: page.items.map(WorkspaceView.of) };
  }

  @Get(':id')
  @RequireScope('workspaces:read')
  @SendsVersion()
  async get(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<WorkspaceView> {
    return WorkspaceView.of(await this.workspaces.get(caller, id));
  }

  /** Changes the fields that are sent. */
  @Patch(':id')
  @SendsVersion()
  async update(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IfMatch() version: number,
    @Body() body: UpdateWorkspace,
  ): Promise<WorkspaceView> {
    return WorkspaceView.of(await this.workspaces.update(caller, id, version, body));
  }

  /** Removes a workspace and frees its name. Open tasks in it can still be finished. */
  @Delete(':id')
  @HttpCode(204)
  async delete(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<void> {
    await this.workspaces.delete(caller, id);
  }

  /** It takes no new work any more; what is open goes on. */
  @Post(':id/archive')
  @HttpCode(200)
  @SendsVersion()
  async archive(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<WorkspaceView> {
    return WorkspaceView.of(await this.workspaces.archive(caller, id));
  }

  @Post(':id/unarchive')
  @HttpCode(200)
  @SendsVersion()
  async unarchive(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<WorkspaceView> {
    return WorkspaceView.of(await this.workspaces.unarchive(caller, id));
  }

  /** Removes for good what was deleted before a time. */
  @Post('purge')
  @HttpCode(200)
  @RequireScope('admin')
  @Audit('with_change')
  async purge(@CurrentCaller() caller: Caller, @Body() body: PurgeWorkspaces): Promise<PurgedWorkspaces> {
    const { deletedBefore, limit = MAX_PURGED } = body;
    const ids = (await this.workspaces.purge(caller, deletedBefore, limit)).map(({ id }) => id);
    return { ids, hasMore: ids.length === limit };
  }
}
