import { Global, Module } from '@nestjs/common';
import { IdempotencyRepository } from './idempotency.repository.js';
import { IdempotencyService } from './idempotency.service.js';
import { RepeatableRoutes } from './repeatable-routes.js';

/** Makes changes that come with an idempotency key safe to repeat. */
@Global()
@Module({
  providers: [IdempotencyRepository, IdempotencyService],
  exports: [IdempotencyService],
})
export class IdempotencyModule {}

/** The same for every route of the application. */
@Module({
  imports: [IdempotencyModule],
  providers: [RepeatableRoutes],
})
export class IdempotencyHttpModule {}
