import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult } from '@nestjs/terminus';
import { Public } from '../auth/index.js';
import { type Health, Readiness } from './readiness.js';

interface Reply {
  status(code: number): unknown;
}

/**
 * What Kubernetes asks. An answer keeps its own form when it is red, which an exception through the application's filters
 * would not.
 */
@Public()
@Controller()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  /** The process answers. Nothing else is asked, for restarting it mends no database. */
  @Get('livez')
  @HealthCheck()
  live(): HealthCheckResult {
    return { status: 'ok', details: {} };
  }

  @Get('readyz')
  @HealthCheck()
  async ready(@Res({ passthrough: true }) reply: Reply): Promise<HealthCheckResult> {
    return answer(await this.readiness.ready(), reply);
  }

  @Get('startupz')
  @HealthCheck()
  async startedUp(@Res({ passthrough: true }) reply: Reply): Promise<HealthCheckResult> {
    return answer(await this.readiness.startedUp(), reply);
  }
}

function answer({ green, result }: Health, reply: Reply): HealthCheckResult {
  reply.status(green ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
  return result;
}
