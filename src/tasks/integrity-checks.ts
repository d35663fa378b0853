export type Severity = 'error' | 'warning';

/** What the report finds; `task_pauses` and the like hold nothing that could contradict something else. */
export const ISSUE_TYPES = [
  'wrong_blocker_count',
  'stale_edge',
  'edge_to_nothing',
  'dependency_cycle',
  'held_without_lease',
  'lease_without_holder',
  'holder_deleted',
  'missing_lane',
  'duplicate_dedupe_key',
  'concurrency_key_over_limit',
  'lease_not_taken_back',
  'deadline_not_met',
  'attempt_gap',
  'end_without_time',
  'stuck_parent',
] as const;
export type IssueType = (typeof ISSUE_TYPES)[number];

/** Rows of `sql` are issues: the entity's id and what is wrong with it, of the tenant $1, $2 at most. */
export interface IntegrityCheck {
  type: IssueType;
  severity: Severity;
  entity: 'task' | 'edge' | 'concurrency_key';
  fix: string;
  sql: string;
}

/** The sweeper looks every second, so what is due for longer than that was overlooked. */
const OVERLOOKED = `clock_timestamp() - interval '1 minute'`;
const ENDED = `('completed', 'failed', 'cancelled', 'timeout')`;
const HELD = `('in_progress', 'awaiting_input')`;
const BLOCKING = `e.kind IN ('blocks', 'waits_for', 'conditional') AND e.resolved_at IS NULL`;
const OPEN_TASK = `t.deleted_at IS NULL AND t.status NOT IN ${ENDED}`;
const REPORT = 'No operation of Muster leaves this: keep the database as it is, and report it.';

const EDGE_CHECKS: readonly IntegrityCheck[] = [
  {
    type: 'wrong_blocker_count',
    severity: 'error',
    entity: 'task',
    fix: `It may wait for ever or start too early. ${REPORT}`,
    sql: `
      SELECT t.id, format('open_blockers is %s, and %s edges block it', t.open_blockers, count(e.blocker_id)) AS message
      FROM tasks t LEFT JOIN task_edges e ON e.tenant_id = t.tenant_id AND e.blocked_id = t.id AND ${BLOCKING}
      WHERE t.tenant_id = $1 AND ${OPEN_TASK}
      GROUP BY t.id, t.open_blockers HAVING t.open_blockers <> count(e.blocker_id) ORDER BY t.id LIMIT $2`,
  },
  {
    type: 'stale_edge',
    severity: 'error',
    entity: 'edge',
    fix: `Remove the edge, so that the task is not held by what has finished. ${REPORT}`,
    sql: `
      SELECT e.blocked_id AS id, format('waits for %s (%s), which is %s already', b.id, e.kind, b.status) AS message
      FROM task_edges e JOIN tasks b ON b.tenant_id = e.tenant_id AND b.id = e.blocker_id
      WHERE e.tenant_id = $1 AND ${BLOCKING} AND NOT task_edge_open(e.kind, e.on_failure, e.outcome, b.status)
      ORDER BY 1, b.id LIMIT $2`,
  },
  {
    type: 'edge_to_nothing',
    severity: 'error',
    entity: 'edge',
    fix: 'Remove the edge: DELETE /v1/tasks/{id}/edges/{blockerId}.',
    sql: `
      SELECT e.blocked_id AS id, format('the edge to %s (%s) has an end that does not exist', e.blocker_id, e.kind) AS message
      FROM task_edges e
        LEFT JOIN tasks b ON b.tenant_id = e.tenant_id AND b.id = e.blocker_id
        LEFT JOIN tasks t ON t.tenant_id = e.tenant_id AND t.id = e.blocked_id
      WHERE e.tenant_id = $1 AND (b.id IS NULL OR t.id IS NULL
        OR b.deleted_at IS NOT NULL AND ${BLOCKING} AND ${OPEN_TASK})
      ORDER BY 1, e.blocker_id LIMIT $2`,
  },
];

const LEASE_CHECKS: readonly IntegrityCheck[] = [
  {
    type: 'held_without_lease',
    severity: 'error',
    entity: 'task',
    fix: `Nobody can finish it, and the sweeper does not see it. ${REPORT}`,
    sql: `
      SELECT t.id, format('is %s without a lease, an owner or an epoch', t.status) AS message FROM tasks t
      WHERE t.tenant_id = $1 AND t.status IN ${HELD} AND t.deleted_at IS NULL AND (t.lease_expires_at IS NULL
        OR t.assigned_to IS NULL OR t.epoch < 1 OR t.claim_kind IS NULL OR t.claimed_at IS NULL)
      ORDER BY t.id LIMIT $2`,
  },
  {
    type: 'lease_without_holder',
    severity: 'error',
    entity: 'task',
    fix: `A claimant that lost it could still write. ${REPORT}`,
    sql: `
      SELECT t.id, format('is %s, and has a lease', t.status) AS message FROM tasks t
      WHERE t.tenant_id = $1 AND t.status NOT IN ${HELD} AND t.lease_expires_at IS NOT NULL ORDER BY t.id LIMIT $2`,
  },
  {
    type: 'lease_not_taken_back',
    severity: 'error',
    entity: 'task',
    fix: 'No node sweeps, or it fails at it: look for “the sweep failed” in the logs, and at the metric muster_leader.',
    sql: `
      SELECT t.id, format('its lease or its time ended at %s', least(t.lease_expires_at, t.timeout_at)) AS message
      FROM tasks t
      WHERE t.tenant_id = $1 AND t.status = 'in_progress' AND t.deleted_at IS NULL AND t.claim_kind = 'agent'
        AND least(t.lease_expires_at, t.timeout_at) < ${OVERLOOKED}
      ORDER BY t.id LIMIT $2`,
  },
  {
    type: 'deadline_not_met',
    severity: 'error',
    entity: 'task',
    fix: 'No node sweeps, or it fails at it: look for “the sweep failed” in the logs, and at the metric muster_leader.',
    sql: `
      SELECT t.id, format('its deadline was at %s', t.deadline) AS message FROM tasks t
      WHERE t.tenant_id = $1 AND ${OPEN_TASK} AND t.deadline < ${OVERLOOKED}
        AND NOT (t.status IN ${HELD} AND t.claim_kind <> 'agent')
      ORDER BY t.id LIMIT $2`,
  },
  {
    type: 'attempt_gap',
    severity: 'error',
    entity: 'task',
    fix: `The history of its attempts is not whole. ${REPORT}`,
    sql: `
      SELECT t.id, format('is %s at epoch %s, and has %s ended attempts', t.status, t.epoch, count(a.epoch)) AS message
      FROM tasks t LEFT JOIN task_attempts a ON a.tenant_id = t.tenant_id AND a.task_id = t.id
      WHERE t.tenant_id = $1 AND t.deleted_at IS NULL
      GROUP BY t.id, t.status, t.epoch
      HAVING count(a.epoch) <> t.epoch - CASE WHEN t.status IN ${HELD} THEN 1 ELSE 0 END ORDER BY t.id LIMIT $2`,
  },
];

const STATE_CHECKS: readonly IntegrityCheck[] = [
  {
    type: 'missing_lane',
    severity: 'error',
    entity: 'task',
    fix: `No claim finds it; a PATCH of its requiredCapabilities makes the lane. ${REPORT}`,
    sql: `
      SELECT t.id, format('its lane %s does not exist', t.lane) AS message
      FROM tasks t LEFT JOIN task_lanes l ON l.tenant_id = t.tenant_id AND l.id = t.lane
      WHERE t.tenant_id = $1 AND ${OPEN_TASK} AND l.id IS NULL ORDER BY t.id LIMIT $2`,
  },
  {
    type: 'duplicate_dedupe_key',
    severity: 'error',
    entity: 'task',
    fix: `Cancel all but one; the index idx_tasks_dedupe is missing or broken. ${REPORT}`,
    sql: `
      SELECT min(t.id::text) AS id, format('%s open tasks have the dedupe key %s', count(*), t.dedupe_key) AS message
      FROM tasks t WHERE t.tenant_id = $1 AND ${OPEN_TASK} AND t.dedupe_key IS NOT NULL
      GROUP BY t.dedupe_key HAVING count(*) > 1 ORDER BY 1 LIMIT $2`,
  },
  {
    type: 'concurrency_key_over_limit',
    severity: 'warning',
    entity: 'concurrency_key',
    fix: 'The limit was lowered, or nothing is wrong in a moment: what runs goes on, and no more is handed out.',
    sql: `
      SELECT c.key AS id, format('%s tasks run, and the limit is %s', count(*), c.max_running) AS message
      FROM task_concurrency c JOIN tasks t ON t.tenant_id = c.tenant_id AND t.concurrency_key = c.key
      WHERE c.tenant_id = $1 AND t.status IN ${HELD}
      GROUP BY c.key, c.max_running HAVING count(*) > c.max_running ORDER BY 1 LIMIT $2`,
  },
  {
    type: 'end_without_time',
    severity: 'error',
    entity: 'task',
    fix: `Dedupe keys, deadlines and statistics go by completed_at. ${REPORT}`,
    sql: `
      SELECT t.id, format('is %s, and completed_at is %s', t.status, coalesce(t.completed_at::text, 'not set')) AS message
      FROM tasks t
      WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND (t.status IN ${ENDED}) = (t.completed_at IS NULL)
      ORDER BY t.id LIMIT $2`,
  },
  {
    type: 'stuck_parent',
    severity: 'warning',
    entity: 'task',
    fix: 'Claim it, complete it or cancel it: nothing below it will move any more.',
    sql: `
      SELECT t.id, format('is pending, though all its %s subtasks have ended', count(*)) AS message
      FROM tasks t JOIN tasks c ON c.tenant_id = t.tenant_id AND c.parent_task_id = t.id AND c.deleted_at IS NULL
      WHERE t.tenant_id = $1 AND t.deleted_at IS NULL AND t.status = 'pending' AND t.open_blockers = 0
      GROUP BY t.id HAVING bool_and(c.status IN ${ENDED}) ORDER BY t.id LIMIT $2`,
  },
];

/** What one statement can find. Cycles and deleted holders are looked for besides. */
export const INTEGRITY_CHECKS: readonly IntegrityCheck[] = [...EDGE_CHECKS, ...LEASE_CHECKS, ...STATE_CHECKS];
