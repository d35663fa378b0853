export { Audit, type AuditMode } from './audit.interceptor.js';
export { AuditModule } from './audit.module.js';
export type { AuditEntry, AuditFilter, AuditRecord } from './audit.repository.js';
export { AuditService } from './audit.service.js';
