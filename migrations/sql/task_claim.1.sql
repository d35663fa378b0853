-- Gives ready tasks to agents that ask for the same kind of work (capabilities, workspaces, types), in the order they
-- asked: the best by priority, then readiness. An agent's own assigned tasks come first. No claimant waits for another;
-- only claims of one agent with a capacity wait for each other, on the agent's row.
--
-- A connection keeps its plans. One made while the table was small or the statistics were old would read and sort all
-- pending tasks at each claim: the settings leave the planner the walk along the index of ready tasks. What is
-- forbidden is only made to look dear, dear enough for the JIT compiler (20 ms a statement), so that is off as well.
CREATE FUNCTION task_claim(
  p_tenant uuid, p_capabilities text[], p_workspaces uuid[], p_types text[],
  p_agents uuid[], p_limits int[], p_capacities int[], p_lease_seconds int[], p_kinds text[],
  p_actors text[], p_traces text[]
) RETURNS SETOF tasks LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_held jsonb := '{}';              -- by agent: how many it holds, or was given above
  v_count int;
  v_free int;
  v_slots int[] := '{}';             -- requests, one entry per task they may still take
  v_ids uuid[] := '{}';
  v_requests int[] := '{}';          -- beside v_ids: who takes it
  v_found uuid[];
  v_feeds uuid[] := '{}'; v_who text[] := '{}'; v_data jsonb[] := '{}'; v_trace text[] := '{}';
  r_agent record;
  r tasks;
BEGIN
  FOR r_agent IN SELECT DISTINCT a AS id FROM unnest(p_agents, p_capacities) x(a, c) WHERE c IS NOT NULL ORDER BY 1 LOOP
    PERFORM id FROM agents WHERE tenant_id = p_tenant AND id = r_agent.id FOR NO KEY UPDATE;
  END LOOP;

  FOR i IN 1 .. cardinality(p_agents) LOOP
    -- The caller knows the agent from a cache; one that was drained or deleted since gets nothing.
    PERFORM id FROM agents WHERE tenant_id = p_tenant AND id = p_agents[i] AND status = 'active' AND deleted_at IS NULL;
    CONTINUE WHEN NOT FOUND;
    v_free := p_limits[i];
    IF p_capacities[i] IS NOT NULL THEN
      v_count := (v_held ->> p_agents[i]::text)::int;
      IF v_count IS NULL THEN
        SELECT count(*) INTO v_count FROM tasks
          WHERE tenant_id = p_tenant AND assigned_to = p_agents[i] AND status = 'in_progress' AND deleted_at IS NULL;
      END IF;
      v_free := greatest(0, least(v_free, p_capacities[i] - v_count));
      v_held := v_held || jsonb_build_object(p_agents[i], v_count + v_free);
    END IF;
    CONTINUE WHEN v_free = 0;

    -- One status by equality, so that the index leads straight to it past what the agent did before.
    v_found := array(SELECT id FROM tasks
      WHERE tenant_id = p_tenant AND assigned_to = p_agents[i] AND status = 'assigned'
        AND deleted_at IS NULL AND open_blockers = 0 AND (run_at IS NULL OR run_at <= v_now)
        AND (p_types IS NULL OR type = ANY (p_types)) AND (p_workspaces IS NULL OR workspace_id = ANY (p_workspaces))
        AND id <> ALL (v_ids)
      ORDER BY priority, ready_at, id LIMIT v_free FOR UPDATE SKIP LOCKED);
    v_ids := v_ids || v_found;
    v_requests := v_requests || array_fill(i, array[cardinality(v_found)]);
    v_slots := v_slots || array_fill(i, array[v_free - cardinality(v_found)]);
  END LOOP;

  v_free := cardinality(v_slots);
  FOR p IN 0 .. 4 LOOP
    EXIT WHEN v_free <= 0;
    v_found := array(SELECT id FROM tasks
      WHERE tenant_id = p_tenant AND status = 'pending' AND open_blockers = 0 AND deleted_at IS NULL AND priority = p
        AND (run_at IS NULL OR run_at <= v_now) AND required_capabilities <@ p_capabilities
        AND (p_types IS NULL OR type = ANY (p_types)) AND (p_workspaces IS NULL OR workspace_id = ANY (p_workspaces))
      ORDER BY ready_at, id LIMIT v_free FOR UPDATE SKIP LOCKED);
    v_ids := v_ids || v_found;
    v_free := v_free - cardinality(v_found);
  END LOOP;
  IF cardinality(v_ids) = 0 THEN RETURN; END IF;
  v_requests := v_requests || v_slots[1 : cardinality(v_ids) - cardinality(v_requests)];

  FOR i IN 1 .. cardinality(v_ids) LOOP
    v_count := v_requests[i];
    UPDATE tasks SET
        status = 'in_progress', epoch = epoch + 1, attempt = attempt + 1, version = version + 1,
        assigned_to = p_agents[v_count], claim_kind = p_kinds[v_count], lease_seconds = p_lease_seconds[v_count],
        lease_expires_at = v_now + make_interval(secs => p_lease_seconds[v_count]),
        claimed_at = v_now, started_at = coalesce(started_at, v_now), updated_at = v_now,
        progress = 0, progress_message = NULL, partial_result = NULL
      WHERE tenant_id = p_tenant AND id = v_ids[i] RETURNING * INTO STRICT r;
    v_feeds := v_feeds || r.workspace_id;
    v_who := v_who || p_actors[v_count];
    v_trace := v_trace || p_traces[v_count];
    v_data := v_data || jsonb_build_object('agentId', r.assigned_to, 'epoch', r.epoch, 'attempt', r.attempt);
    RETURN NEXT r;
  END LOOP;
  PERFORM append_events(p_tenant, v_feeds, array_fill('task.claimed'::text, array[cardinality(v_ids)]),
    array_fill('task'::text, array[cardinality(v_ids)]), v_ids, v_who, v_data, v_trace);
END $$;
