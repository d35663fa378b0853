-- Says of running attempts that their time is nearly over (`warn_75`, `warn_90`), or that a claim which is never taken away
-- is past its lease or its time (`overdue`); p_ids are sorted.
CREATE FUNCTION task_flag(p_tenant uuid, p_ids uuid[], p_epochs int[], p_flags text[], p_actor text)
RETURNS SETOF tasks LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_events task_event[] := '{}';
  v_percent int;
  r tasks;
BEGIN
  FOR i IN 1 .. cardinality(p_ids) LOOP
    v_percent := CASE p_flags[i] WHEN 'warn_75' THEN 75 WHEN 'warn_90' THEN 90 ELSE 0 END;
    UPDATE tasks SET
        warned = greatest(warned, v_percent), overdue_at = CASE v_percent WHEN 0 THEN v_now ELSE overdue_at END
      WHERE tenant_id = p_tenant AND id = p_ids[i] AND status = 'in_progress' AND epoch = p_epochs[i]
        AND CASE v_percent WHEN 0 THEN overdue_at IS NULL ELSE warned < v_percent END
      RETURNING * INTO r;
    CONTINUE WHEN NOT FOUND;
    v_events := v_events || ROW(r.workspace_id, CASE v_percent WHEN 0 THEN 'task.overdue' ELSE 'task.timeout_warning' END,
      r.id, p_actor,
      CASE v_percent
        WHEN 0 THEN jsonb_build_object('agentId', r.assigned_to, 'epoch', r.epoch,
          'limit', CASE WHEN r.timeout_at <= v_now THEN 'timeout' ELSE 'lease' END)
        ELSE jsonb_build_object('agentId', r.assigned_to, 'epoch', r.epoch, 'percent', v_percent,
          'endsAt', to_char(r.timeout_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END, NULL)::task_event;
    RETURN NEXT r;
  END LOOP;
  PERFORM append_task_events(p_tenant, v_events);
END $$;
