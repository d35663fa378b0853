import { Global, Module } from '@nestjs/common';
import { AuditController } from './audit.controller.js';
import { AuditRepository } from './audit.repository.js';
import { AuditService } from './audit.service.js';
import { AuditedRoutes } from './audited-routes.js';

/** The audit trail. */
@Global()
@Module({
  providers: [AuditRepository, AuditService],
  exports: [AuditRepository, AuditService],
})
export class AuditModule {}

/** The same with `GET /v1/audit`, and what records the changes of every route. */
@Module({
  imports: [AuditModule],
  controllers: [AuditController],
  providers: [AuditedRoutes],
})
export class AuditHttpModule {}
