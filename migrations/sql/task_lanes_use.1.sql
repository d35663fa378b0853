-- Makes the lanes of these tasks where there are none, and keeps them until the commit: task_lanes_tidy removes none that
-- somebody holds a share of. It takes the mark from those that were to be removed. Shares do not wait for each other; only
-- who makes a lane, or takes its mark, lets others who use the same one wait until its commit.
CREATE FUNCTION task_lanes_use(p_tenant uuid, p_tasks jsonb) RETURNS void LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_lanes uuid[] := array(SELECT DISTINCT task_lane(x.workspace_id, x.type, x.required_capabilities)
    FROM jsonb_to_recordset(p_tasks) AS x (workspace_id uuid, type text, required_capabilities text[]) ORDER BY 1);
  v_kept int;
BEGIN
  LOOP
    INSERT INTO task_lanes AS l (tenant_id, id, workspace_id, type, capabilities)
      SELECT DISTINCT p_tenant, task_lane(x.workspace_id, x.type, x.required_capabilities), x.workspace_id, x.type,
          x.required_capabilities
        FROM jsonb_to_recordset(p_tasks) AS x (workspace_id uuid, type text, required_capabilities text[]) ORDER BY 2
      ON CONFLICT DO NOTHING;
    PERFORM FROM task_lanes WHERE tenant_id = p_tenant AND id = ANY (v_lanes) ORDER BY id FOR KEY SHARE;
    GET DIAGNOSTICS v_kept = ROW_COUNT;
    -- One that was there may have been removed between the two.
    EXIT WHEN v_kept = cardinality(v_lanes);
  END LOOP;
  UPDATE task_lanes SET idle_since = NULL, idle_xact = NULL WHERE tenant_id = p_tenant AND id = ANY (array(
    SELECT id FROM task_lanes WHERE tenant_id = p_tenant AND id = ANY (v_lanes) AND idle_since IS NOT NULL
      ORDER BY id FOR NO KEY UPDATE));
END $$;
