-- Extends leases; p_ids are sorted. It touches neither version nor log: a heartbeat is no change that anyone needs to
-- see. One statement a row by the primary key: an `id = ANY (…)` planned on old statistics reads the whole tenant. A claim
-- that was overdue for its lease alone is so no more, and may become overdue again.
CREATE FUNCTION task_heartbeat(p_tenant uuid, p_ids uuid[], p_epochs int[], p_lease_seconds int[])
RETURNS SETOF tasks LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
BEGIN
  FOR i IN 1 .. cardinality(p_ids) LOOP
    RETURN QUERY UPDATE tasks AS t
      SET lease_expires_at = v_now + make_interval(secs => coalesce(p_lease_seconds[i], t.lease_seconds)),
        overdue_at = CASE WHEN t.timeout_at <= v_now OR t.deadline <= v_now THEN t.overdue_at END
      WHERE t.tenant_id = p_tenant AND t.id = p_ids[i] AND t.lease_expires_at IS NOT NULL AND t.epoch = p_epochs[i]
      RETURNING t.*;
  END LOOP;
END $$;
