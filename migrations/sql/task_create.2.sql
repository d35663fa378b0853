-- Creates tasks, their edges to existing tasks and their events. Rows, edges and event data are made by the node; times
-- and what is resolved already are decided here. Until p_lanes_until the node knows the lanes of all these tasks to be
-- there; null when it does not know of one. p_keys are the concurrency keys of the batch. A task that an edge's policy ends at once is returned twice, last as it is now.
CREATE FUNCTION task_create(
  p_tenant uuid, p_rows jsonb, p_edges jsonb, p_lanes_until timestamptz, p_keys text[],
  p_ids uuid[], p_feeds uuid[], p_actors text[], p_data jsonb[], p_traces text[]
) RETURNS SETOF tasks LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_xact xid8 := pg_current_xact_id();  -- before the time is asked: by both task_lanes_tidy knows who may use a lane
  v_now timestamptz(3) := clock_timestamp();
  v_blockers uuid[]; v_blocker uuid;
  v_closed uuid[];                   -- blockers that take no subtasks
  v_status jsonb;                    -- of the blockers, by id
  v_open jsonb := '{}';
  v_ended uuid[] := '{}'; v_statuses text[] := '{}';
  v_events task_event[];
  v_refused text;
  r_ended tasks;
BEGIN
  IF p_lanes_until IS NULL OR v_now > p_lanes_until THEN
    PERFORM task_lanes_use(p_tenant, p_rows);
  END IF;
  IF cardinality(p_keys) > 0 THEN
    INSERT INTO task_concurrency AS c (tenant_id, key) SELECT p_tenant, k FROM unnest(p_keys) k ORDER BY k
      ON CONFLICT DO NOTHING;
  END IF;

  IF jsonb_array_length(p_edges) > 0 THEN
    v_blockers := array(SELECT DISTINCT (e ->> 'blocker')::uuid FROM jsonb_array_elements(p_edges) e ORDER BY 1);
    -- Locked, so that a blocker which is just ending is either seen as ended or sees the new edge. One look into the
    -- primary key for each: a plan for `id = ANY (…)` made while the table was small reads the whole tenant.
    FOREACH v_blocker IN ARRAY v_blockers LOOP
      PERFORM FROM tasks WHERE tenant_id = p_tenant AND id = v_blocker AND deleted_at IS NULL FOR SHARE;
    END LOOP;
    SELECT coalesce(jsonb_object_agg(t.id, t.status), '{}'),
        coalesce(array_agg(t.id) FILTER (WHERE t.status = 'cancelled'
          OR t.cancel_requested_at IS NOT NULL AND t.completed_at IS NULL), '{}')
      INTO v_status, v_closed
      FROM unnest(v_blockers) b(id) CROSS JOIN LATERAL (
        SELECT id, status, cancel_requested_at, completed_at FROM tasks
          WHERE tenant_id = p_tenant AND id = b.id AND deleted_at IS NULL LIMIT 1) t;
    SELECT min(b::text) INTO v_refused FROM unnest(v_blockers) b WHERE NOT v_status ? b::text;
    IF v_refused IS NOT NULL THEN
      RAISE EXCEPTION 'unknown blocker' USING errcode = 'MU001', detail = v_refused;
    END IF;
    SELECT min(e.blocker::text) INTO v_refused FROM jsonb_to_recordset(p_edges) AS e (blocker uuid, kind text)
      WHERE e.kind = 'parent_child' AND e.blocker = ANY (v_closed);
    IF v_refused IS NOT NULL THEN
      RAISE EXCEPTION 'cancelled parent' USING errcode = 'MU002', detail = v_refused;
    END IF;
    INSERT INTO task_edges AS t (tenant_id, blocker_id, blocked_id, kind, on_failure, outcome, created_at, resolved_at)
      SELECT p_tenant, e.blocker, e.blocked, e.kind, e.on_failure, e.outcome, v_now,
          CASE WHEN task_edge_open(e.kind, e.on_failure, e.outcome, v_status ->> e.blocker::text) THEN NULL ELSE v_now END
        FROM jsonb_to_recordset(p_edges) AS e (blocker uuid, blocked uuid, kind text, on_failure text, outcome text);
    SELECT coalesce(jsonb_object_agg(q.blocked, q.n), '{}') INTO v_open FROM (
      SELECT e.blocked, count(*) AS n
        FROM jsonb_to_recordset(p_edges) AS e (blocker uuid, blocked uuid, kind text, on_failure text, outcome text)
        WHERE task_edge_open(e.kind, e.on_failure, e.outcome, v_status ->> e.blocker::text) GROUP BY 1) q;
    SELECT coalesce(array_agg(q.blocker), '{}'), coalesce(array_agg(q.status), '{}') INTO v_ended, v_statuses FROM (
      SELECT DISTINCT e.blocker, v_status ->> e.blocker::text AS status
        FROM jsonb_to_recordset(p_edges) AS e (blocker uuid, on_failure text)
        WHERE e.on_failure IN ('fail', 'skip')
          AND v_status ->> e.blocker::text IN ('completed', 'failed', 'cancelled', 'timeout')) q;
  END IF;

  RETURN QUERY INSERT INTO tasks AS t (
      tenant_id, id, workspace_id, type, title, description, parameters, status, priority, tags, labels,
      required_capabilities, parent_task_id, assigned_to, created_by, external_ref, run_at, deadline, due_at, open_blockers,
      ready_at, max_attempts, timeout_seconds, retry, dedupe_key, concurrency_key, created_at, updated_at)
    SELECT p_tenant, r.id, r.workspace_id, r.type, r.title, r.description, r.parameters,
      CASE WHEN r.assigned_to IS NULL THEN 'pending' ELSE 'assigned' END, r.priority, r.tags, r.labels,
      r.required_capabilities, r.parent_task_id, r.assigned_to, r.created_by, r.external_ref, r.run_at, r.deadline,
      v_now + (r.deadline - v_now) * 0.75, coalesce((v_open ->> r.id::text)::int, 0), greatest(v_now, r.run_at),
      r.max_attempts, r.timeout_seconds, r.retry, r.dedupe_key, r.concurrency_key, v_now, v_now
    FROM jsonb_to_recordset(p_rows) AS r (
      id uuid, workspace_id uuid, type text, title text, description text, parameters jsonb, priority smallint,
      tags text[], labels jsonb, required_capabilities text[], parent_task_id uuid, assigned_to uuid, created_by text,
      external_ref text, run_at timestamptz, deadline timestamptz, max_attempts int, timeout_seconds int, retry jsonb,
      dedupe_key text, concurrency_key text)
    RETURNING t.*;

  v_events := array(SELECT ROW(feed, 'task.created', id, actor, data, trace)::task_event
    FROM unnest(p_feeds, p_ids, p_actors, p_data, p_traces) x(feed, id, actor, data, trace));
  FOR r_ended IN SELECT * FROM task_settle(p_tenant, v_ended, v_statuses, v_now, p_ids) LOOP
    RETURN NEXT r_ended;
    IF r_ended.warned < 0 THEN v_events := v_events || task_ended(r_ended, 'blocked', NULL, NULL, NULL); END IF;
  END LOOP;
  PERFORM append_task_events(p_tenant, v_events);
END $$;
