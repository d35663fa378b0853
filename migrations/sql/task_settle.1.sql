-- What follows from the end of tasks: edges that have what they need are resolved and their dependants lose a blocker;
-- edges with a failure policy end dependants whose blocker ended otherwise, which may end others in turn. p_statuses stand
-- beside p_ids. p_dependants limits it to edges that lead to these.
--
-- Returns the tasks that changed. Those that it ended are marked by warned = -1, in the answer only, and say why in their
-- error: the caller writes their events, after all locks on tasks and before those on feeds. A time could not tell them
-- from tasks that were ended in the same millisecond and only lost a blocker.
CREATE FUNCTION task_settle(p_tenant uuid, p_ids uuid[], p_statuses text[], p_now timestamptz, p_dependants uuid[] DEFAULT NULL)
RETURNS SETOF tasks LANGUAGE plpgsql SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_ids uuid[] := p_ids;
  v_statuses text[] := p_statuses;
  v_loosed uuid[];                   -- dependants, once for each edge that was resolved
  v_doomed jsonb;                    -- dependant → {policy, blocker, status}
  v_policy jsonb;
  v_over uuid[] := '{}';             -- ended by an earlier step or this one
  v_count int;
  v_id uuid;
  r_edge record;
  r tasks;
  r_doomed tasks;
BEGIN
  WHILE cardinality(v_ids) > 0 LOOP
    v_loosed := '{}';
    v_doomed := '{}';
    -- Most tasks have no dependants; a LATERAL with a LIMIT is one look into the primary key for each.
    FOR r_edge IN
      SELECT b.id, b.status FROM unnest(v_ids, v_statuses) b(id, status) CROSS JOIN LATERAL (
        SELECT FROM task_edges WHERE tenant_id = p_tenant AND blocker_id = b.id AND resolved_at IS NULL LIMIT 1) e
    LOOP
      FOR v_id IN
        UPDATE task_edges SET resolved_at = p_now
          WHERE tenant_id = p_tenant AND blocker_id = r_edge.id AND resolved_at IS NULL
            AND (p_dependants IS NULL OR blocked_id = ANY (p_dependants))
            AND (kind = 'waits_for' OR on_failure = 'proceed'
              OR r_edge.status = CASE kind WHEN 'blocks' THEN 'completed' ELSE outcome END)
          RETURNING blocked_id
      LOOP
        v_loosed := v_loosed || v_id;
      END LOOP;
      SELECT v_doomed || coalesce(jsonb_object_agg(blocked_id,
          jsonb_build_object('policy', on_failure, 'blockerId', r_edge.id, 'blockerStatus', r_edge.status)), '{}')
        INTO v_doomed FROM task_edges
        WHERE tenant_id = p_tenant AND blocker_id = r_edge.id AND resolved_at IS NULL AND on_failure IN ('fail', 'skip')
          AND (p_dependants IS NULL OR blocked_id = ANY (p_dependants));
    END LOOP;

    v_ids := '{}';
    v_statuses := '{}';
    -- In id order, so that two transactions with dependants in common wait for each other instead of for ever.
    FOR v_id, v_count IN
      SELECT d.id, sum(d.n)::int FROM (
        SELECT l AS id, 1 AS n FROM unnest(v_loosed) l UNION ALL SELECT k::uuid, 0 FROM jsonb_object_keys(v_doomed) k
      ) d GROUP BY d.id ORDER BY d.id
    LOOP
      v_policy := v_doomed -> v_id::text;
      r := NULL;
      IF v_count > 0 THEN
        UPDATE tasks SET
            open_blockers = open_blockers - v_count, ready_at = greatest(p_now, ready_at), updated_at = p_now,
            version = version + 1
          WHERE tenant_id = p_tenant AND id = v_id RETURNING * INTO r;
      END IF;
      IF v_policy IS NOT NULL THEN
        UPDATE tasks SET
            status = CASE v_policy ->> 'policy' WHEN 'fail' THEN 'failed' ELSE 'cancelled' END,
            error = jsonb_build_object(
              'code', CASE v_policy ->> 'policy' WHEN 'fail' THEN 'blocker_failed' ELSE 'skipped' END,
              'message', format('The task %s, which it depends on, ended as %s.',
                v_policy ->> 'blockerId', v_policy ->> 'blockerStatus'),
              'blockerId', v_policy -> 'blockerId'),
            completed_at = p_now, updated_at = p_now, version = version + 1
          WHERE tenant_id = p_tenant AND id = v_id AND deleted_at IS NULL
            AND status IN ('pending', 'assigned', 'accepted', 'rejected') RETURNING * INTO r_doomed;
        IF FOUND THEN
          r := r_doomed;
          v_ids := v_ids || r.id;
          v_statuses := v_statuses || r.status;
          v_over := v_over || r.id;
          r.warned := -1;
          RETURN NEXT r;
          CONTINUE;
        END IF;
      END IF;
      -- One that an earlier step ended and that loses a blocker now is not returned again: its end is told once.
      IF r.id IS NOT NULL AND r.id <> ALL (v_over) THEN RETURN NEXT r; END IF;
    END LOOP;
    -- Only the first step is limited: what it ended is ended for everybody.
    p_dependants := NULL;
  END LOOP;
END $$;
