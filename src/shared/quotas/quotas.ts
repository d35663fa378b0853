import { Injectable } from '@nestjs/common';
import { DomainError } from '../errors/index.js';
import { QuotasRepository } from './quotas.repository.js';

/** The tenant has as many of these as it may have. */
export class QuotaExceeded extends DomainError {
  readonly kind = 'too_many';
  readonly code = 'quota_exceeded';

  constructor(subject: string, limit: number) {
    super(`There are ${limit} ${subject} already, which is as many as there may be.`, { subject, limit });
  }
}

/** How many of a thing a tenant may have, also when many are made at once. */
@Injectable()
export class Quotas {
  constructor(private readonly repository: QuotasRepository) {}

  /**
   * For the transaction that adds `more` of them: whoever adds to the same waits until it has ended.
   * @param count how many there are
   * @throws QuotaExceeded
   */
  async take(
    tenantId: string,
    subject: string,
    { limit, more = 1, count }: { limit: number; more?: number; count: () => Promise<number> },
  ): Promise<void> {
    await this.repository.lock(tenantId, subject);
    if ((await count()) + more > limit) throw new QuotaExceeded(subject, limit);
  }
}
