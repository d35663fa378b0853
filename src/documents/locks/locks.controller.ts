import { Body, Controller, Delete, Get, HttpCode, Post } from '@nestjs/common';
import { Audit } from '../../shared/audit/index.js';
import { type Caller, CurrentCaller, RequireScope } from '../../shared/auth/index.js';
import { HungUp, IdParam } from '../../shared/http/index.js';
import {
  IdempotencyContext,
  type IdempotencyRequest,
  IdempotencyService,
  IdempotentByHand,
} from '../../shared/idempotency/index.js';
import { AcquireDocumentLock, DocumentLockList, DocumentLockView, RenewDocumentLock } from './lock.dto.js';
import { DocumentLocksService } from './locks.service.js';

@Controller('v1/documents')
@RequireScope('documents:write')
export class DocumentLocksController {
  constructor(
    private readonly locks: DocumentLocksService,
    private readonly idempotency: IdempotencyService,
  ) {}

  /** The caller's own locks, in all documents. */
  @Get('locks')
  @RequireScope('documents:read')
  async listOwn(@CurrentCaller() caller: Caller): Promise<DocumentLockList> {
    return { items: await this.locks.ofCaller(caller) };
  }

  /** Who has locked the document, or parts of it. */
  @Get(':id/locks')
  @RequireScope('documents:read')
  async list(@CurrentCaller() caller: Caller, @IdParam() id: string): Promise<DocumentLockList> {
    return { items: await this.locks.list(caller, id) };
  }

  /** Locks the document or a section of it, or renews the caller's own lock. */
  @Post(':id/locks')
  @IdempotentByHand()
  acquire(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @Body() body: AcquireDocumentLock,
    @IdempotencyContext() request: IdempotencyRequest | undefined,
    @HungUp() signal: AbortSignal,
  ): Promise<DocumentLockView> {
    return this.locks.acquire(caller, id, body, { signal, once: (take) => this.idempotency.run(request, take) });
  }

  /** Lets the lock end later. */
  @Post(':id/locks/:lockId/renew')
  @HttpCode(200)
  renew(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('lockId') lockId: string,
    @Body() { seconds }: RenewDocumentLock,
  ): Promise<DocumentLockView> {
    return this.locks.renew(caller, id, lockId, seconds);
  }

  /** Gives a lock back. */
  @Delete(':id/locks/:lockId')
  @HttpCode(204)
  async release(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('lockId') lockId: string,
  ): Promise<void> {
    await this.locks.release(caller, id, lockId);
  }

  /** Takes somebody's lock away; for who may manage the workspace. */
  @Post(':id/locks/:lockId/force-release')
  @HttpCode(204)
  @Audit('with_change')
  async forceRelease(
    @CurrentCaller() caller: Caller,
    @IdParam() id: string,
    @IdParam('lockId') lockId: string,
  ): Promise<void> {
    await this.locks.forceRelease(caller, id, lockId);
  }
}
