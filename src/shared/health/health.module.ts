import { Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { Draining } from './draining.js';
import { HealthController } from './health.controller.js';
import { HealthProbes } from './health-probe.js';
import { Readiness } from './readiness.js';

/** `/livez`, `/readyz` and `/startupz`. Global, so that the owners of dependencies can add their probes. */
@Global()
@Module({
  // Terminus logs every red answer; `Readiness` logs changes.
  imports: [TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [HealthProbes, Draining, Readiness],
  exports: [HealthProbes, Draining],
})
export class HealthModule {}
