-- Gives locked tasks to agents, in the order given, by where their rows lie (see task_finish). p_requests stand beside
-- p_rows and say which entry of the other arguments takes each.
CREATE FUNCTION task_take(
  p_tenant uuid, p_rows tid[], p_requests int[], p_agents uuid[], p_kinds text[], p_lease_seconds int[]
) RETURNS SETOF tasks LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET enable_indexscan = off
SET enable_nestloop = on SET enable_tidscan = on SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_count int;
BEGIN
  RETURN QUERY UPDATE tasks AS t SET
      status = 'in_progress', epoch = t.epoch + 1, attempt = t.attempt + 1, version = t.version + 1,
      assigned_to = p_agents[x.request], claim_kind = p_kinds[x.request], lease_seconds = p_lease_seconds[x.request],
      lease_expires_at = v_now + make_interval(secs => p_lease_seconds[x.request]),
      timeout_at = v_now + make_interval(secs => t.timeout_seconds), warned = 0, overdue_at = NULL,
      claimed_at = v_now, started_at = coalesce(t.started_at, v_now), updated_at = v_now,
      progress = 0, progress_message = NULL, partial_result = NULL
    FROM unnest(p_rows, p_requests) x(place, request)
    WHERE t.tenant_id = p_tenant AND t.ctid = x.place RETURNING t.*;
  GET DIAGNOSTICS v_count = ROW_COUNT;
  IF v_count <> cardinality(p_rows) THEN RAISE EXCEPTION 'claimed % of % locked tasks', v_count, cardinality(p_rows); END IF;
END $$;
