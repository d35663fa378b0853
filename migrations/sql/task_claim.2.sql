-- Gives ready tasks to agents that ask for the same kind of work (capabilities, workspaces, types), in the order they
-- asked; task_pick says which.
CREATE FUNCTION task_claim(
  p_tenant uuid, p_capabilities text[], p_workspaces uuid[], p_types text[],
  p_agents uuid[], p_limits int[], p_capacities int[], p_lease_seconds int[], p_kinds text[],
  p_actors text[], p_traces text[], p_after_at timestamptz[], p_after_id uuid[]
) RETURNS SETOF tasks LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_rows tid[];
  v_requests int[];
  v_events task_event[] := '{}';
  n int := 0;
  r tasks;
BEGIN
  SELECT * INTO v_rows, v_requests FROM task_pick(p_tenant, p_capabilities, p_workspaces, p_types,
    p_agents, p_limits, p_capacities, p_after_at, p_after_id);
  FOR r IN SELECT * FROM task_take(p_tenant, v_rows, v_requests, p_agents, p_kinds, p_lease_seconds) LOOP
    n := n + 1;
    v_events := v_events || task_claimed(r, p_actors[v_requests[n]], p_traces[v_requests[n]]);
    RETURN NEXT r;
  END LOOP;
  PERFORM append_task_events(p_tenant, v_events);
END $$;
