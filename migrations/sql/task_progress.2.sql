-- Records how far the holders of these leases are; p_ids are sorted. What is null stays as it was.
CREATE FUNCTION task_progress(
  p_tenant uuid, p_ids uuid[], p_epochs int[], p_percents int[], p_messages text[], p_partials jsonb[],
  p_actors text[], p_traces text[]
) RETURNS SETOF tasks LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_events task_event[] := '{}';
  r tasks;
BEGIN
  FOR i IN 1 .. cardinality(p_ids) LOOP
    UPDATE tasks SET
        progress = coalesce(p_percents[i], progress), progress_message = coalesce(p_messages[i], progress_message),
        partial_result = coalesce(p_partials[i], partial_result), updated_at = v_now, version = version + 1
      WHERE tenant_id = p_tenant AND id = p_ids[i] AND lease_expires_at IS NOT NULL AND awaiting_since IS NULL
        AND epoch = p_epochs[i]
      RETURNING * INTO r;
    CONTINUE WHEN NOT FOUND;
    v_events := v_events || ROW(r.workspace_id, 'task.progressed', r.id, p_actors[i],
      jsonb_build_object('agentId', r.assigned_to, 'epoch', r.epoch, 'percent', r.progress, 'message', r.progress_message),
      p_traces[i])::task_event;
    RETURN NEXT r;
  END LOOP;
  PERFORM append_task_events(p_tenant, v_events);
END $$;
