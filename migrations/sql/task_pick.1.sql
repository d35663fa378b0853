-- Finds and locks ready tasks for agents that ask for the same kind of work (capabilities, workspaces, types), in the order
-- they asked: the best by priority, then readiness. An agent's own assigned tasks come first. No claimant waits for
-- another; only claims of one agent with a capacity wait for each other, on the agent's row. Returns where the tasks lie,
-- and beside it which request takes each.
--
-- It looks only into the lanes that these agents can serve, so tasks for others cost nothing, however many. In a lane a
-- look begins after (p_after_at, p_after_id), one pair a priority: the caller's remembered place, or -infinity.
--
-- A connection keeps its plans. One made while the table was small or the statistics were old would read and sort all
-- pending tasks at each claim: the settings leave the planner the walk along the index of ready tasks. What is
-- forbidden is only made to look dear, dear enough for the JIT compiler (20 ms a statement), so that is off as well.
CREATE FUNCTION task_pick(
  p_tenant uuid, p_capabilities text[], p_workspaces uuid[], p_types text[],
  p_agents uuid[], p_limits int[], p_capacities int[], p_after_at timestamptz[], p_after_id uuid[],
  OUT o_rows tid[], OUT o_requests int[]
) LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_agents uuid[];                   -- those that may get work
  v_assigned uuid[];                 -- those that have tasks of their own waiting
  v_lanes uuid[]; v_look uuid[]; v_counts int[];
  v_held jsonb := '{}';              -- by agent: how many it holds, or was given above
  v_full text[];                     -- concurrency keys that have no room
  v_room jsonb := '{}';              -- by concurrency key that this call has locked: how many more may run
  v_count int;
  v_free int;
  v_slots int[] := '{}';             -- requests, one entry per task they may still take
  v_ids uuid[] := '{}';
  v_seen uuid[];                     -- not to be found again, when a look is repeated
  v_again boolean;
  v_rest boolean;                    -- to look into every lane, one after the other, since the best were held by others
  v_wanted int;
  r_found record;
BEGIN
  o_rows := '{}';
  o_requests := '{}';
  PERFORM task_lock_agents(p_tenant, p_agents, p_capacities);

  -- LATERAL with a LIMIT: one look into an index for each, whatever the statistics say.
  -- The caller knows the agents from a cache; one that was drained, deleted or paused since gets nothing.
  v_agents := array(SELECT x.id FROM (SELECT DISTINCT id FROM unnest(p_agents) id) x CROSS JOIN LATERAL (
      SELECT FROM agents a
        WHERE a.tenant_id = p_tenant AND a.id = x.id AND a.status = 'active' AND a.deleted_at IS NULL LIMIT 1) y
    WHERE NOT EXISTS (SELECT FROM task_pauses WHERE tenant_id = p_tenant AND scope = 'agent' AND subject = x.id::text));
  v_assigned := array(SELECT x.id FROM unnest(v_agents) x(id) CROSS JOIN LATERAL (
    SELECT FROM tasks t
      WHERE t.tenant_id = p_tenant AND t.assigned_to = x.id AND t.status = 'assigned' AND t.deleted_at IS NULL LIMIT 1) y);
  v_lanes := array(SELECT id FROM task_lanes l
    WHERE tenant_id = p_tenant AND capabilities <@ p_capabilities
      AND (p_types IS NULL OR type = ANY (p_types)) AND (p_workspaces IS NULL OR workspace_id = ANY (p_workspaces))
      AND NOT EXISTS (SELECT FROM task_pauses WHERE tenant_id = p_tenant AND scope = 'type' AND subject = l.type)
      AND NOT EXISTS (SELECT FROM task_pauses
        WHERE tenant_id = p_tenant AND scope = 'workspace' AND subject = l.workspace_id::text));
  v_full := array(SELECT h.key FROM (
      SELECT concurrency_key AS key, count(*) AS n FROM tasks
        WHERE tenant_id = p_tenant AND concurrency_key IS NOT NULL AND status IN ('in_progress', 'awaiting_input')
        GROUP BY 1) h
    CROSS JOIN LATERAL (
      SELECT max_running FROM task_concurrency c WHERE c.tenant_id = p_tenant AND c.key = h.key LIMIT 1) c
    WHERE h.n >= c.max_running);

  FOR i IN 1 .. cardinality(p_agents) LOOP
    CONTINUE WHEN p_agents[i] <> ALL (v_agents);
    v_free := p_limits[i];
    IF p_capacities[i] IS NOT NULL THEN
      -- One that reads an older snapshot than the lock cannot know how many the agent holds.
      CONTINUE WHEN current_setting('transaction_isolation') <> 'read committed';
      v_count := (v_held ->> p_agents[i]::text)::int;
      IF v_count IS NULL THEN
        SELECT count(*) INTO v_count FROM tasks
          WHERE tenant_id = p_tenant AND assigned_to = p_agents[i] AND status IN ('in_progress', 'awaiting_input')
            AND deleted_at IS NULL;
      END IF;
      v_free := greatest(0, least(v_free, p_capacities[i] - v_count));
      v_held := v_held || jsonb_build_object(p_agents[i], v_count + v_free);
    END IF;
    IF v_free > 0 AND p_agents[i] = ANY (v_assigned) THEN
      -- By equality of the three columns of its index: a plan for old statistics then has no other choice.
      FOR r_found IN SELECT t.ctid AS place, t.id, t.concurrency_key AS key FROM tasks t
        WHERE tenant_id = p_tenant AND assigned_to = p_agents[i] AND status = 'assigned'
          AND deleted_at IS NULL AND open_blockers = 0 AND (run_at IS NULL OR run_at <= v_now)
          AND (deadline IS NULL OR deadline > v_now) AND (concurrency_key IS NULL OR concurrency_key <> ALL (v_full))
          AND (p_types IS NULL OR type = ANY (p_types)) AND (p_workspaces IS NULL OR workspace_id = ANY (p_workspaces))
          AND NOT EXISTS (SELECT FROM task_pauses WHERE tenant_id = p_tenant
            AND (scope = 'type' AND subject = t.type OR scope = 'workspace' AND subject = t.workspace_id::text))
          AND id <> ALL (v_ids)
        ORDER BY priority, ready_at, id FOR UPDATE SKIP LOCKED
      LOOP
        -- No LIMIT: of those whose key has room for one only, the others take no place.
        EXIT WHEN v_free = 0;
        IF r_found.key IS NOT NULL THEN
          v_count := coalesce((v_room ->> r_found.key)::int, task_room(p_tenant, r_found.key));
          v_room := v_room || jsonb_build_object(r_found.key, greatest(v_count - 1, 0));
          CONTINUE WHEN v_count <= 0;
        END IF;
        v_ids := v_ids || r_found.id;
        o_rows := o_rows || r_found.place;
        o_requests := o_requests || i;
        v_free := v_free - 1;
      END LOOP;
    END IF;
    v_slots := v_slots || array_fill(i, array[v_free]);
  END LOOP;

  FOR p IN 0 .. 4 LOOP
    v_seen := '{}';
    v_rest := false;
    LOOP
      EXIT WHEN cardinality(v_slots) = 0;
      v_again := false;
      v_look := v_lanes;
      v_wanted := cardinality(v_slots);
      v_counts := array_fill(v_wanted, array[cardinality(v_lanes)]);
      IF cardinality(v_lanes) > 1 AND NOT v_rest THEN
        -- How many of the best stand in each lane: only so many are locked there.
        SELECT array_agg(q.lane), array_agg(q.n) INTO v_look, v_counts FROM (
          SELECT m.lane, count(*)::int AS n FROM (
            SELECT l.lane, t.ready_at, t.id FROM unnest(v_lanes) l(lane) CROSS JOIN LATERAL (
                SELECT ready_at, id FROM tasks
                  WHERE tenant_id = p_tenant AND lane = l.lane AND status = 'pending' AND open_blockers = 0
                    AND deleted_at IS NULL AND priority = p AND (ready_at, id) > (p_after_at[p + 1], p_after_id[p + 1])
                    AND ready_at <= v_now AND (deadline IS NULL OR deadline > v_now)
                    AND (concurrency_key IS NULL OR concurrency_key <> ALL (v_full)) AND id <> ALL (v_seen)
                  ORDER BY ready_at, id LIMIT cardinality(v_slots)) t
              ORDER BY t.ready_at, t.id LIMIT cardinality(v_slots)) m
            GROUP BY 1) q;
      END IF;
      FOR l IN 1 .. coalesce(cardinality(v_look), 0) LOOP
        FOR r_found IN SELECT t.ctid AS place, t.id, t.concurrency_key AS key FROM tasks t
          WHERE tenant_id = p_tenant AND lane = v_look[l] AND status = 'pending' AND open_blockers = 0
            AND deleted_at IS NULL AND priority = p AND (ready_at, id) > (p_after_at[p + 1], p_after_id[p + 1])
            AND ready_at <= v_now AND (deadline IS NULL OR deadline > v_now)
            AND (concurrency_key IS NULL OR concurrency_key <> ALL (v_full)) AND id <> ALL (v_seen)
          ORDER BY ready_at, id LIMIT least(v_counts[l], cardinality(v_slots)) FOR UPDATE SKIP LOCKED
        LOOP
          IF r_found.key IS NOT NULL THEN
            v_count := coalesce((v_room ->> r_found.key)::int, task_room(p_tenant, r_found.key));
            v_room := v_room || jsonb_build_object(r_found.key, greatest(v_count - 1, 0));
            IF v_count <= 0 THEN
              v_full := v_full || r_found.key;
              v_again := true;
              CONTINUE;
            END IF;
          END IF;
          v_ids := v_ids || r_found.id;
          o_rows := o_rows || r_found.place;
          o_requests := o_requests || v_slots[1];
          v_slots := v_slots[2 :];
        END LOOP;
      END LOOP;
      IF cardinality(v_slots) > 0 AND cardinality(v_lanes) > 1 AND NOT v_again AND NOT v_rest THEN
        v_rest := coalesce((SELECT sum(n) FROM unnest(v_counts) n) >= v_wanted, false);
        v_again := v_rest;
      END IF;
      EXIT WHEN NOT v_again;
      -- Keys turned out to be full, or tasks to be held by others: what stands behind them may take their places.
      v_seen := v_ids;
    END LOOP;
  END LOOP;
END $$;
