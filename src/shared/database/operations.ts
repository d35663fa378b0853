import { Injectable, Logger } from '@nestjs/common';
import { CircuitBreaker } from '../resilience/index.js';
import { Metrics, withSpan } from '../metrics/index.js';
import { DomainError } from '../errors/index.js';
import { ambientTransaction } from './ambient.js';
import { mapDatabaseError } from './error-mapper.js';

/**
 * Stands around each repository operation: refuses at once while the database's breaker is open, measures, traces, and
 * turns the database's errors into domain errors. The breaker counts failures at the connection, once per call.
 */
@Injectable()
export class BreakerInterceptor {
  private readonly logger = new Logger('repository');

  constructor(
    private readonly breaker: CircuitBreaker,
    private readonly metrics: Metrics,
  ) {}

  async around<T>(operation: string, fn: () => Promise<T>): Promise<T> {
    this.breaker.check();
    const end = this.metrics.operationDuration.startTimer({ operation });
    try {
      return await withSpan(operation, {}, fn);
    } catch (error) {
      throw this.refusal(operation, error);
    } finally {
      end();
    }
  }

  private refusal(operation: string, error: unknown): DomainError {
    const mapped = mapDatabaseError(error, operation);
    this.metrics.operationErrors.inc({ operation, error_type: mapped.code });
    if (mapped.kind === 'internal' || mapped.kind === 'unavailable') {
      this.logger.error({ msg: 'operation failed', operation, tx: Boolean(ambientTransaction()), err: error });
    }
    return mapped;
  }
}

interface Operating {
  operate<T>(operation: string, fn: () => Promise<T>): Promise<T>;
}

/**
 * Marks a public method of a repository as an operation. `TasksRepository.create` is measured, traced and reported as
 * `tasks.create`.
 */
export function Operation() {
  return <A extends unknown[], R>(
    target: Operating,
    name: string,
    descriptor: TypedPropertyDescriptor<(...args: A) => Promise<R>>,
  ): void => {
    const method = descriptor.value;
    if (!method) throw new TypeError(`@Operation stands on ${name}, which is not a method.`);
    const operation = `${target.constructor.name.replace(/Repository$/, '').toLowerCase()}.${name}`;
    descriptor.value = function (this: Operating, ...args: A): Promise<R> {
      return this.operate(operation, () => method.apply(this, args));
    };
    Object.defineProperty(descriptor.value, 'name', { value: name });
  };
}
