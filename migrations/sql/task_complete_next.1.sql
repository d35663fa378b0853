-- Completes tasks and claims the next ones for those who completed, in one round trip. The first arguments are those of
-- task_complete, the others those of task_claim; who was refused the completion gets nothing. Returns what both return.
CREATE FUNCTION task_complete_next(
  p_tenant uuid, p_ids uuid[], p_epochs int[], p_results jsonb[], p_actors text[], p_traces text[],
  p_capabilities text[], p_workspaces uuid[], p_types text[],
  p_agents uuid[], p_capacities int[], p_lease_seconds int[], p_kinds text[],
  p_after_at timestamptz[], p_after_id uuid[]
) RETURNS SETOF tasks LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_rows tasks[];
  v_done uuid[];
  v_agents uuid[] := '{}'; v_capacities int[] := '{}'; v_seconds int[] := '{}'; v_kinds text[] := '{}';
  v_actors text[] := '{}'; v_traces text[] := '{}';
  v_agent uuid;
BEGIN
  -- Agents before feeds, in the order in which claims lock them.
  FOR v_agent IN SELECT DISTINCT a FROM unnest(p_agents, p_capacities) x(a, c) WHERE c IS NOT NULL ORDER BY 1 LOOP
    PERFORM id FROM agents WHERE tenant_id = p_tenant AND id = v_agent FOR NO KEY UPDATE;
  END LOOP;
  v_rows := array(SELECT t FROM task_complete(p_tenant, p_ids, p_epochs, p_results, p_actors, p_traces) t);
  IF cardinality(v_rows) = 0 THEN RETURN; END IF;
  RETURN QUERY SELECT * FROM unnest(v_rows);
  -- Not the dependants that changed: a completion that is refused may name one of them.
  v_done := array(SELECT id FROM unnest(v_rows) WHERE status = 'completed' AND epoch > 0);

  FOR i IN 1 .. cardinality(p_ids) LOOP
    CONTINUE WHEN p_ids[i] <> ALL (v_done);
    v_agents := v_agents || p_agents[i];
    v_capacities := v_capacities || p_capacities[i];
    v_seconds := v_seconds || p_lease_seconds[i];
    v_kinds := v_kinds || p_kinds[i];
    v_actors := v_actors || p_actors[i];
    v_traces := v_traces || p_traces[i];
  END LOOP;
  RETURN QUERY SELECT * FROM task_claim(p_tenant, p_capabilities, p_workspaces, p_types,
    v_agents, array_fill(1, array[cardinality(v_agents)]), v_capacities, v_seconds, v_kinds, v_actors, v_traces,
    p_after_at, p_after_id);
END $$;
