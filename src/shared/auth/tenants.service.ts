import { Injectable } from '@nestjs/common';
import { validate as isUuid } from 'uuid';
import { newId } from '../ids/index.js';
import { Transactional } from '../database/index.js';
import { AlreadyExists, InvalidInput, NotFound } from '../errors/index.js';
import { type Tenant, TenantsRepository } from './tenants.repository.js';

export const DEFAULT_TENANT = 'default';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u;

/** Tenants are the operator's affair: this is called by the command line and in process, and has no route. */
@Injectable()
export class TenantsService {
  constructor(private readonly tenants: TenantsRepository) {}

  /** @throws InvalidInput, AlreadyExists */
  @Transactional()
  async create(name: string): Promise<Tenant> {
    const tenant = await this.add(name);
    if (!tenant) throw new AlreadyExists('tenant', name);
    return tenant;
  }

  /** The tenant `default`, made when it is missing. Nodes that start together get the same one. */
  @Transactional()
  async ensureDefault(): Promise<Tenant> {
    return (await this.find(DEFAULT_TENANT)) ?? (await this.add(DEFAULT_TENANT)) ?? (await this.get(DEFAULT_TENANT));
  }

  /** @param idOrName a tenant's id, or its name */
  async find(idOrName: string): Promise<Tenant | undefined> {
    return isUuid(idOrName) ? this.tenants.find(idOrName) : this.tenants.findByName(idOrName);
  }

  /** @throws NotFound */
  async get(idOrName: string): Promise<Tenant> {
    const tenant = await this.find(idOrName);
    if (!tenant) throw new NotFound('tenant', idOrName);
    return tenant;
  }

  /** In the order of their making. `after` is the id of the last one of the page before. */
  list({ after, limit = 100 }: { after?: string; limit?: number } = {}): Promise<Tenant[]> {
    return this.tenants.list(after, Math.min(limit, 1_000));
  }

  private async add(name: string): Promise<Tenant | undefined> {
    if (!NAME.test(name) || isUuid(name)) {
      const rule = 'a tenant’s name is 1 to 100 letters, digits, blanks, dots, dashes or underscores, and no UUID';
      throw InvalidInput.of('name', 'tenantName', rule);
    }
    const id = newId();
    return (await this.tenants.takeName(id, name)) ? this.tenants.insert(id, name) : undefined;
  }
}
