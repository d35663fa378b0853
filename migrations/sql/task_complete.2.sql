-- Completes the tasks whose epoch is the newest, ends their attempts and settles what depends on them; p_ids are sorted.
-- With p_agents, which stand beside p_ids or are null, each that was not refused claims its next task as by task_claim, in
-- the same round trip.
-- Returns the completed and the claimed tasks, and the dependants that changed, these with epoch 0 to be told from them;
-- the caller finds out why an asked one is missing.
--
-- The rows are locked one by one, by the primary key and without the status: `id = ANY (…)` planned on old statistics
-- reads the whole tenant (409 instead of 4,219 claims and completions/s, 64 in flight), and with the status the planner
-- takes the partial index of held tasks, whose dead entries cost 4x while another transaction is held open.
CREATE FUNCTION task_complete(
  p_tenant uuid, p_ids uuid[], p_epochs int[], p_results jsonb[], p_actors text[], p_traces text[],
  p_capabilities text[], p_workspaces uuid[], p_types text[], p_agents uuid[], p_capacities int[], p_lease_seconds int[],
  p_kinds text[], p_after_at timestamptz[], p_after_id uuid[]
) RETURNS SETOF tasks LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_row tid;
  v_rows tid[] := '{}';              -- where the rows to change lie
  v_asked int[] := '{}';             -- beside v_rows: for which entry of the arguments
  v_results jsonb[] := '{}';
  v_done uuid[] := '{}'; v_epochs int[] := '{}'; v_agents uuid[] := '{}'; v_kinds text[] := '{}'; v_claimed timestamptz[] := '{}';
  v_capacities int[] := '{}'; v_seconds int[] := '{}';
  v_requests int[];
  v_events task_event[] := '{}';
  n int := 0;
  r tasks;
BEGIN
  -- task_pick does so too, but after the tasks that are completed here.
  PERFORM task_lock_agents(p_tenant, p_agents, p_capacities);

  FOR i IN 1 .. cardinality(p_ids) LOOP
    SELECT ctid INTO v_row FROM tasks
      WHERE tenant_id = p_tenant AND id = p_ids[i] AND lease_expires_at IS NOT NULL AND awaiting_since IS NULL
        AND epoch = p_epochs[i] FOR NO KEY UPDATE;
    CONTINUE WHEN NOT FOUND;
    v_rows := v_rows || v_row;
    v_asked := v_asked || i;
    v_results := v_results || p_results[i];
  END LOOP;
  IF cardinality(v_rows) = 0 THEN RETURN; END IF;

  FOR r IN SELECT * FROM task_finish(p_tenant, v_rows, v_results, v_now) LOOP
    n := n + 1;
    v_done := v_done || r.id;
    v_epochs := v_epochs || r.epoch;
    v_agents := v_agents || r.assigned_to;
    v_kinds := v_kinds || r.claim_kind;
    v_claimed := v_claimed || r.claimed_at;
    v_events := v_events || ROW(r.workspace_id, 'task.completed', r.id, p_actors[v_asked[n]],
      jsonb_build_object('agentId', r.assigned_to, 'epoch', r.epoch, 'attempt', r.attempt), p_traces[v_asked[n]])::task_event;
    RETURN NEXT r;
  END LOOP;
  INSERT INTO task_attempts AS a (tenant_id, task_id, epoch, agent_id, claim_kind, claimed_at, ended_at, outcome)
    SELECT p_tenant, x.id, x.epoch, x.agent, x.kind, x.claimed, v_now, 'completed'
      FROM unnest(v_done, v_epochs, v_agents, v_kinds, v_claimed) x(id, epoch, agent, kind, claimed);

  -- In later statements than the updates above, so that an edge made meanwhile is seen: who made it held a share of the
  -- blocker's row.
  FOR r IN SELECT * FROM task_settle(p_tenant, v_done, array_fill('completed'::text, array[n]), v_now) LOOP
    IF r.warned < 0 THEN v_events := v_events || task_ended(r, 'blocked', NULL, NULL, NULL); END IF;
    r.epoch := 0;
    RETURN NEXT r;
  END LOOP;

  IF p_agents IS NOT NULL THEN
    SELECT array_agg(p_agents[i]), array_agg(p_capacities[i]), array_agg(p_lease_seconds[i]), array_agg(p_kinds[i])
      INTO v_agents, v_capacities, v_seconds, v_kinds FROM unnest(v_asked) i;
    SELECT * INTO v_rows, v_requests FROM task_pick(p_tenant, p_capabilities, p_workspaces, p_types,
      v_agents, array_fill(1, array[n]), v_capacities, p_after_at, p_after_id);
    n := 0;
    FOR r IN SELECT * FROM task_take(p_tenant, v_rows, v_requests, v_agents, v_kinds, v_seconds) LOOP
      n := n + 1;
      v_events := v_events || task_claimed(r, p_actors[v_asked[v_requests[n]]], p_traces[v_asked[v_requests[n]]]);
      RETURN NEXT r;
    END LOOP;
  END IF;
  PERFORM append_task_events(p_tenant, v_events);
END $$;
