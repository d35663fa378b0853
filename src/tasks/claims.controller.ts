import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { Audit } from '../shared/audit/index.js';
import { type Caller, CurrentCaller, RequireScope, StillAllowed } from '../shared/auth/index.js';
import { HungUp, IdParam } from '../shared/http/index.js';
import {
  IdempotencyContext,
  type IdempotencyRequest,
  IdempotencyService,
  IdempotentByHand,
} from '../shared/idempotency/index.js';
import { ClaimDto, CompleteDto, FailDto, HeartbeatDto, ProgressDto, ReleaseDto } from './claim.dto.js';
import { CompletedView, HeartbeatResultsView, type LeasesView, TaskAnswer } from './claim.view.js';
import { ClaimsService, type Lease } from './claims.service.js';
import { TaskView } from './task.view.js';
import type { Task } from './task.entity.js';

@Controller('v1/tasks')
@RequireScope('tasks:write')
export class ClaimsController {
  constructor(
    private readonly claims: ClaimsService,
    private readonly idempotency: IdempotencyService,
  ) {}

  /** Takes the best ready tasks that the agent can do, each under a lease with a new epoch. */
  @Post('claim')
  @HttpCode(200)
  @IdempotentByHand()
  async claim(
    @CurrentCaller() caller: Caller,
    @Body() { waitSeconds = 0, ...options }: ClaimDto,
    @IdempotencyContext() request: IdempotencyRequest | undefined,
    @HungUp() signal: AbortSignal,
    @StillAllowed() stillAllowed: () => Promise<void>,
  ): Promise<LeasesView> {
    const claim = async () => {
      const claimed = await this.claims.claim(caller, options);
      return claimed.length > 0 ? claimed.map(leaseView) : undefined;
    };
    const attempt = async () => {
      if (waitSeconds > 0) await stillAllowed();
      return this.idempotency.run(request, claim);
    };
    const leases = await this.claims.waitForWork(caller, waitSeconds, attempt, signal);
    return { leases: leases ?? [] };
  }

  /** Extends leases. Each is answered on its own; stop working on a task whose answer has a code. */
  @Post('heartbeat')
  @Audit('never')
  @HttpCode(200)
  async heartbeat(@CurrentCaller() caller: Caller, @Body() body: HeartbeatDto): Promise<HeartbeatResultsView> {
    return { results: await this.claims.heartbeat(caller, body.leases, body.leaseSeconds) };
  }

  /** Tells how far the work is. */
  @Post(':id/progress')
  @HttpCode(200)
  async progress(
    @CurrentCaller() caller: Caller,
    @IdParam() taskId: string,
    @Body() { epoch, ...report }: ProgressDto,
  ): Promise<TaskAnswer> {
    return answer(await this.claims.progress(caller, { taskId, epoch }, report));
  }

  /** Finishes the task, and unblocks what waits for it. A repeat with the same result gets the same answer. */
  @Post(':id/complete')
  @HttpCode(200)
  async complete(
    @CurrentCaller() caller: Caller,
    @IdParam() taskId: string,
    @Body() { epoch, result, claimNext }: CompleteDto,
  ): Promise<CompletedView> {
    const held = { taskId, epoch };
    if (!claimNext) return answer(await this.claims.complete(caller, held, result));
    const { task, next } = await this.claims.completeAndClaim(caller, held, result ?? null, claimNext);
    return { ...answer(task), ...(next && { next: leaseView(next) }) };
  }

  /** Ends the attempt. The task is pending again while attempts are left and the failure may be retried. */
  @Post(':id/fail')
  @HttpCode(200)
  async fail(
    @CurrentCaller() caller: Caller,
    @IdParam() taskId: string,
    @Body() { epoch, error }: FailDto,
  ): Promise<TaskAnswer> {
    return answer(await this.claims.fail(caller, { taskId, epoch }, error));
  }

  /** Gives the task back unfinished; the attempt does not count. */
  @Post(':id/release')
  @HttpCode(200)
  async release(
    @CurrentCaller() caller: Caller,
    @IdParam() taskId: string,
    @Body() { epoch, reason }: ReleaseDto,
  ): Promise<TaskAnswer> {
    return answer(await this.claims.release(caller, { taskId, epoch }, reason));
  }
}

const answer = (task: Task): TaskAnswer => ({ task: TaskView.of(task) });

const leaseView = ({ task, epoch, leaseExpiresAt }: Lease) => ({ task: TaskView.of(task), epoch, leaseExpiresAt });
