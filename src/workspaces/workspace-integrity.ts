export const WORKSPACE_ISSUE_TYPES = [
  'no_owner',
  'missing_feed',
  'state_gap',
  'lock_not_ended',
  'presence_not_ended',
  'orphan_member',
  'orphan_state',
  'orphan_activity',
] as const;
export type WorkspaceIssueType = (typeof WORKSPACE_ISSUE_TYPES)[number];

/** Rows of `sql` are issues: an id and what is wrong with it, of the tenant $1 and the workspace $2, a hundred at most. */
export interface WorkspaceCheck {
  type: WorkspaceIssueType;
  severity: 'error' | 'warning';
  kind: 'workspace' | 'member' | 'state' | 'activity';
  fix: string;
  sql: string;
}

/** The upkeep looks every 15 seconds, so what ran out longer ago was overlooked. */
const OVERLOOKED = `clock_timestamp() - interval '2 minutes'`;
const REPORT = 'No operation of Muster leaves this: keep the database as it is, and report it.';
const NO_UPKEEP =
  'No node looks after the workspaces, or it fails at it: look for “could not be looked after” in the logs, and at the metric muster_leader.';

const orphans = (kind: 'member' | 'state' | 'activity', table: string, id: string): WorkspaceCheck => ({
  type: `orphan_${kind}`,
  severity: 'error',
  kind,
  fix: `It belongs to no workspace. ${REPORT}`,
  sql: `
    SELECT ${id}::text AS id, 'its workspace does not exist' AS message FROM ${table} t
    WHERE t.tenant_id = $1 AND t.workspace_id = $2
      AND NOT EXISTS (SELECT FROM workspaces w WHERE w.tenant_id = $1 AND w.id = t.workspace_id)
    ORDER BY 1 LIMIT 100`,
});

export const WORKSPACE_CHECKS: readonly WorkspaceCheck[] = [
  {
    type: 'no_owner',
    severity: 'error',
    kind: 'workspace',
    fix: 'Make somebody an owner, with the scope admin: POST or PATCH /v1/workspaces/{id}/members.',
    sql: `
      SELECT w.id::text, 'has no owner' AS message FROM workspaces w
      WHERE w.tenant_id = $1 AND w.id = $2 AND w.deleted_at IS NULL AND w.name <> 'default' AND NOT EXISTS (
        SELECT FROM workspace_members m WHERE m.tenant_id = $1 AND m.workspace_id = $2 AND m.role = 'owner')`,
  },
  {
    type: 'missing_feed',
    severity: 'error',
    kind: 'workspace',
    fix: `Nothing can be changed in it. ${REPORT}`,
    sql: `
      SELECT w.id::text, 'has no feed' AS message FROM workspaces w
      WHERE w.tenant_id = $1 AND w.id = $2
        AND NOT EXISTS (SELECT FROM feeds f WHERE f.tenant_id = $1 AND f.id = $2)`,
  },
  {
    type: 'state_gap',
    severity: 'error',
    kind: 'state',
    fix: `Versions are missing that cannot be restored. ${REPORT}`,
    sql: `
      SELECT state_version::text AS id, format('follows version %s', before) AS message FROM (
        SELECT state_version, lag(state_version) OVER (ORDER BY state_version) AS before
        FROM workspace_states WHERE tenant_id = $1 AND workspace_id = $2) v
      WHERE state_version <> before + 1 ORDER BY state_version LIMIT 100`,
  },
  {
    type: 'lock_not_ended',
    severity: 'error',
    kind: 'workspace',
    fix: NO_UPKEEP,
    sql: `
      SELECT id::text, format('the lock of %s ran out at %s', lock_holder, lock_expires_at) AS message FROM workspaces
      WHERE tenant_id = $1 AND id = $2 AND lock_holder IS NOT NULL AND lock_expires_at < ${OVERLOOKED}`,
  },
  {
    type: 'presence_not_ended',
    severity: 'warning',
    kind: 'member',
    fix: NO_UPKEEP,
    sql: `
      SELECT member_id AS id, format('is %s as the feed tells, until %s', status, expires_at) AS message
      FROM workspace_presence
      WHERE tenant_id = $1 AND workspace_id = $2 AND status <> 'offline' AND expires_at < ${OVERLOOKED}
      ORDER BY 1 LIMIT 100`,
  },
  orphans('member', 'workspace_members', 'member_id'),
  orphans('state', 'workspace_states', 'state_version'),
  orphans('activity', 'workspace_activity', 'id'),
];
