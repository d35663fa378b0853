import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';

@Injectable()
export class QuotasRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** One transaction at a time for each tenant and subject, until its end. */
  @Operation()
  async lock(tenantId: string, subject: string): Promise<void> {
    const values = [tenantId, subject];
    const locked = 'SELECT FROM quotas WHERE tenant_id = $1 AND subject = $2 FOR UPDATE';
    if ((await this.query(locked, values)).length > 0) return;
    await this.query('INSERT INTO quotas (tenant_id, subject) VALUES ($1, $2) ON CONFLICT DO NOTHING', values);
    await this.query(locked, values);
  }
}
