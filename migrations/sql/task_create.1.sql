-- Creates tasks, their edges to existing tasks and their events. Rows, edges and event data are made by the node;
-- times and the number of open blockers are decided here.
CREATE FUNCTION task_create(
  p_tenant uuid, p_rows jsonb, p_edges jsonb,
  p_ids uuid[], p_feeds uuid[], p_actors text[], p_data jsonb[], p_traces text[]
) RETURNS SETOF tasks LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_blockers uuid[];
  v_known uuid[];
  v_open jsonb := '{}';
BEGIN
  IF jsonb_array_length(p_edges) > 0 THEN
    v_blockers := array(SELECT DISTINCT (e ->> 'blocker')::uuid FROM jsonb_array_elements(p_edges) e);
    -- Locked, so that a blocker which is just being completed is either seen as completed or sees the new edge.
    v_known := array(SELECT id FROM tasks WHERE tenant_id = p_tenant AND id = ANY (v_blockers) AND deleted_at IS NULL
                     ORDER BY id FOR SHARE);
    IF cardinality(v_known) < cardinality(v_blockers) THEN
      RAISE EXCEPTION 'unknown blocker' USING errcode = 'MU001',
        detail = (SELECT min(b::text) FROM unnest(v_blockers) b WHERE b <> ALL (v_known));
    END IF;
    v_known := array(SELECT id FROM tasks WHERE tenant_id = p_tenant AND id = ANY (v_blockers) AND status <> 'completed');
    v_open := coalesce((SELECT jsonb_object_agg(blocked, n) FROM (
      SELECT e ->> 'blocked' AS blocked, count(*) AS n FROM jsonb_array_elements(p_edges) e
      WHERE e ->> 'kind' = 'blocks' AND (e ->> 'blocker')::uuid = ANY (v_known) GROUP BY 1) q), '{}');
    INSERT INTO task_edges AS t (tenant_id, blocker_id, blocked_id, kind, created_at)
      SELECT p_tenant, (e ->> 'blocker')::uuid, (e ->> 'blocked')::uuid, e ->> 'kind', v_now
      FROM jsonb_array_elements(p_edges) e;
  END IF;

  RETURN QUERY INSERT INTO tasks AS t (
      tenant_id, id, workspace_id, type, title, description, parameters, status, priority, tags, labels,
      required_capabilities, parent_task_id, assigned_to, created_by, external_ref, run_at, deadline, open_blockers,
      ready_at, max_attempts, created_at, updated_at)
    SELECT p_tenant, r.id, r.workspace_id, r.type, r.title, r.description, r.parameters,
      CASE WHEN r.assigned_to IS NULL THEN 'pending' ELSE 'assigned' END, r.priority, r.tags, r.labels,
      r.required_capabilities, r.parent_task_id, r.assigned_to, r.created_by, r.external_ref, r.run_at, r.deadline,
      coalesce((v_open ->> r.id::text)::int, 0), v_now, r.max_attempts, v_now, v_now
    FROM jsonb_to_recordset(p_rows) AS r (
      id uuid, workspace_id uuid, type text, title text, description text, parameters jsonb, priority smallint,
      tags text[], labels jsonb, required_capabilities text[], parent_task_id uuid, assigned_to uuid, created_by text,
      external_ref text, run_at timestamptz, deadline timestamptz, max_attempts int)
    RETURNING t.*;

  PERFORM append_events(p_tenant, p_feeds, array_fill('task.created'::text, array[cardinality(p_ids)]),
    array_fill('task'::text, array[cardinality(p_ids)]), p_ids, p_actors, p_data, p_traces);
END $$;
