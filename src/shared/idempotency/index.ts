export { canonical } from './fingerprint.js';
export { AnswerTooLarge, IdempotencyInProgress, IdempotencyKeyReused } from './idempotency.errors.js';
export { IdempotencyModule } from './idempotency.module.js';
export { type IdempotencyRequest, IdempotencyService } from './idempotency.service.js';
export { IdempotencyContext, IdempotentByHand } from './idempotent.js';
