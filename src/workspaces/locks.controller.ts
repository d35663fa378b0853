import { Body, Controller, Delete, Get, HttpCode, Post, Query } from '@nestjs/common';
import { Audit } from '../shared/audit/index.js';
import { type Caller, CurrentCaller, RequireScope } from '../shared/auth/index.js';
import { NotFound } from '../shared/errors/index.js';
import { IdParam } from '../shared/http/index.js';
import { LockView, ReleaseLock, RenewLock, TakeLock } from './lock.dto.js';
import { LocksService } from './locks.service.js';

/** Who keeps a workspace for himself. */
@Controller('v1/workspaces/:id/lock')
@RequireScope('workspaces:write')
export class LocksController {
  constructor(private readonly locks: LocksService) {}

  /** 404 when nobody holds the workspace. */
  @Get()
  @RequireScope('workspaces:read')
  async get(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<LockView> {
    const lock = await this.locks.find(caller, id);
    if (!lock) throw new NotFound('lock', id);
    return LockView.of(lock);
  }

  /** Until it ends, only the caller writes to the workspace, its members and its state. Taken again it is renewed. */
  @Post()
  @HttpCode(200)
  async take(@CurrentCaller() caller: Caller, @IdParam() id: string, @Body() body: TakeLock): Promise<LockView> {
    return LockView.of(await this.locks.take(caller, id, body));
  }

  /** Only if it is still the caller's under this token. */
  @Post('renew')
  @HttpCode(200)
  @Audit('never')
  async renew(@CurrentCaller() caller: Caller, @IdParam() id: string, @Body() body: RenewLock): Promise<LockView> {
    return LockView.of(await this.locks.renew(caller, id, body));
  }

  @Delete()
  @HttpCode(204)
  async release(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Query() { token }: ReleaseLock,
  ): Promise<void> {
    await this.locks.release(caller, id, token);
  }

  /** Takes the lock from whoever holds it; answers what it was. */
  @Post('force-release')
  @HttpCode(200)
  @Audit('with_change')
  async forceRelease(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<LockView> {
    return LockView.of(await this.locks.forceRelease(caller, id));
  }
}
