import { Injectable } from '@nestjs/common';
import {
  AggregateRepository,
  assignments,
  Operation,
  Persistence,
  QueryBuilder,
  rowMapper,
} from '../shared/database/index.js';
import { NotFound, OptimisticLock } from '../shared/errors/index.js';
import { KeysetCursor, type Page, pageOf } from '../shared/http/index.js';
import type { ListMembers } from './member.dto.js';
import { Member } from './member.entity.js';

export type NewMember = Pick<Member, 'memberId' | 'kind' | 'role' | 'permissions' | 'addedBy'>;
export type MemberPatch = Partial<Pick<Member, 'role' | 'permissions'>>;

/** How many members there are, and of which. */
export interface MemberCounts {
  all: number;
  agents: number;
  owners: number;
}

const TOUCHED_EVERY_MS = 60_000;

const BY_JOINING = new KeysetCursor('joinedAt', ['timestamp', 'text']);

/** Who belongs to a workspace. What must hold over several members is for who has locked the workspace's row. */
@Injectable()
export class MembersRepository extends AggregateRepository {
  private readonly metadata = this.persistence.database.metadata(Member);
  private readonly toMember = rowMapper<Member>(this.metadata);

  constructor(persistence: Persistence) {
    super(persistence);
  }

  /** Undefined when there is a member of that id. */
  @Operation()
  async insert(tenantId: string, workspaceId: string, member: NewMember): Promise<Member | undefined> {
    const { memberId, kind, role, permissions, addedBy } = member;
    const [row] = await this.query(
      `INSERT INTO workspace_members (tenant_id, workspace_id, member_id, kind, role, permissions, added_by)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (tenant_id, workspace_id, member_id) DO NOTHING
       RETURNING *`,
      [tenantId, workspaceId, memberId, kind, role, permissions, addedBy],
    );
    return row && this.toMember(row);
  }

  @Operation()
  async find(tenantId: string, workspaceId: string, memberId: string): Promise<Member | undefined> {
    const [row] = await this.query(
      'SELECT * FROM workspace_members WHERE tenant_id = $1 AND workspace_id = $2 AND member_id = $3',
      [tenantId, workspaceId, memberId],
    );
    return row && this.toMember(row);
  }

  /** As `find`. @throws NotFound */
  @Operation()
  async get(tenantId: string, workspaceId: string, memberId: string): Promise<Member> {
    const member = await this.find(tenantId, workspaceId, memberId);
    if (!member) throw new NotFound('member', memberId);
    return member;
  }

  /** In the order in which they joined. */
  @Operation()
  async list(tenantId: string, workspaceId: string, list: Partial<ListMembers>): Promise<Page<Member>> {
    const limit = list.limit ?? 50;
    const base =
      'SELECT * FROM (SELECT *, member_id AS id FROM workspace_members) m WHERE tenant_id = $1 AND workspace_id = $2';
    const { text, values } = new QueryBuilder(this.metadata, base, [tenantId, workspaceId])
      .addInCondition('role', list.role)
      .addInCondition('kind', list.kind)
      .orderBy('joined_at', 'asc', BY_JOINING.decode(list.after))
      .limit(limit + 1)
      .build();
    const members = (await this.read(text, values)).map(this.toMember);
    return pageOf(members, limit, (last) => BY_JOINING.encode([last.joinedAt.toISOString(), last.memberId]));
  }

  @Operation()
  async counts(tenantId: string, workspaceId: string): Promise<MemberCounts> {
    const [row] = await this.query<{ [name in keyof MemberCounts]: string }>(
      `SELECT count(*) AS all, count(*) FILTER (WHERE kind = 'agent') AS agents,
         count(*) FILTER (WHERE role = 'owner') AS owners
       FROM workspace_members WHERE tenant_id = $1 AND workspace_id = $2`,
      [tenantId, workspaceId],
    );
    return { all: Number(row?.all), agents: Number(row?.agents), owners: Number(row?.owners) };
  }

  /** @throws NotFound, OptimisticLock with the current version */
  @Operation()
  async update(
    tenantId: string,
    workspaceId: string,
    memberId: string,
    version: number,
    patch: MemberPatch,
  ): Promise<Member> {
    const values: unknown[] = [tenantId, workspaceId, memberId, version];
    const [row] = await this.query(
      `UPDATE workspace_members SET ${assignments(this.metadata, patch, values)}, updated_at = now(), version = version + 1
       WHERE tenant_id = $1 AND workspace_id = $2 AND member_id = $3 AND version = $4
       RETURNING *`,
      values,
    );
    if (row) return this.toMember(row);
    const current = await this.get(tenantId, workspaceId, memberId);
    throw new OptimisticLock('member', memberId, version, current.version);
  }

  /** That the member was active just now; written at most once a minute, by the database's clock. */
  @Operation()
  async touch(tenantId: string, workspaceId: string, memberId: string): Promise<void> {
    await this.query(
      `UPDATE workspace_members SET last_activity_at = now()
       WHERE tenant_id = $1 AND workspace_id = $2 AND member_id = $3 AND last_activity_at < now() - interval '1 minute'`,
      [tenantId, workspaceId, memberId],
    );
  }

  /** As `touch`, after the commit: no lock is held for it, and what is rolled back was no activity. */
  async touchAfterCommit({ tenantId, workspaceId, memberId, lastActivityAt }: Member): Promise<void> {
    // By this node's clock, which only spares the statement.
    if (Date.now() - lastActivityAt.getTime() < TOUCHED_EVERY_MS) return;
    await this.persistence.transactions.afterCommit(() => this.touch(tenantId, workspaceId, memberId));
  }

  /** The member that is gone. @throws NotFound */
  @Operation()
  async delete(tenantId: string, workspaceId: string, memberId: string): Promise<Member> {
    const [row] = await this.query(
      'DELETE FROM workspace_members WHERE tenant_id = $1 AND workspace_id = $2 AND member_id = $3 RETURNING *',
      [tenantId, workspaceId, memberId],
    );
    if (!row) throw new NotFound('member', memberId);
    return this.toMember(row);
  }
}
