import { Injectable } from '@nestjs/common';
import { AggregateRepository, Operation, Persistence } from '../database/index.js';

/** A customer. Nothing crosses from one to another. */
export interface Tenant {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
}

const COLUMNS = 'id, name, created_at AS "createdAt"';

@Injectable()
export class TenantsRepository extends AggregateRepository {
  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Takes a name for a tenant; false when it is taken. A name that is being taken is waited for. */
  @Operation()
  async takeName(tenantId: string, name: string): Promise<boolean> {
    const rows = await this.query(
      'INSERT INTO tenant_names (name, tenant_id) VALUES ($2, $1) ON CONFLICT (name) DO NOTHING RETURNING tenant_id',
      [tenantId, name],
    );
    return rows.length === 1;
  }

  /** The tenant and its feed of events, whose numbers begin here. */
  @Operation()
  async insert(tenantId: string, name: string): Promise<Tenant> {
    const [row] = await this.query<Tenant>(`INSERT INTO tenants (id, name) VALUES ($1, $2) RETURNING ${COLUMNS}`, [
      tenantId,
      name,
    ]);
    await this.query('INSERT INTO feeds (tenant_id, id) VALUES ($1, $1)', [tenantId]);
    return row as Tenant;
  }

  @Operation()
  async find(tenantId: string): Promise<Tenant | undefined> {
    const [row] = await this.query<Tenant>(`SELECT ${COLUMNS} FROM tenants WHERE id = $1`, [tenantId]);
    return row;
  }

  @Operation()
  async findByName(name: string): Promise<Tenant | undefined> {
    const [taken] = await this.query<{ id: string }>('SELECT tenant_id AS id FROM tenant_names WHERE name = $1', [
      name,
    ]);
    return taken && this.find(taken.id);
  }

  /** In the order of their making. */
  @Operation()
  list(after: string | undefined, limit: number): Promise<Tenant[]> {
    const start = after ?? '00000000-0000-0000-0000-000000000000';
    return this.query<Tenant>(`SELECT ${COLUMNS} FROM tenants WHERE id > $1 ORDER BY id LIMIT $2`, [start, limit]);
  }
}
