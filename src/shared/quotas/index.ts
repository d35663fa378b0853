export { QuotaExceeded, Quotas } from './quotas.js';
export { QuotasModule } from './quotas.module.js';
