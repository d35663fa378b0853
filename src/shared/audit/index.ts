export { Audit, type AuditMode } from './audited-routes.js';
export { AuditModule } from './audit.module.js';
export type { AuditEntry, AuditFilter, AuditRecord } from './audit.repository.js';
export { AuditService } from './audit.service.js';
