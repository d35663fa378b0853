-- Makes the audit log's partitions of this month (UTC) and of the p_ahead next ones, where they are missing; a node that
-- finds all of them takes no lock. A partition is attached, not created in place, so that writers and readers go on.
CREATE FUNCTION ensure_audit_partitions(p_ahead int) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '500ms' SET timezone = 'UTC' AS $$
DECLARE
  v_from timestamptz;
  v_name text;
BEGIN
  FOR v_month IN 0..p_ahead LOOP
    v_from := date_trunc('month', now()) + make_interval(months => v_month);
    v_name := 'audit_log_' || to_char(v_from, 'YYYY_MM');
    CONTINUE WHEN to_regclass(v_name) IS NOT NULL;

    -- Nodes that do so at once wait for each other here; the second finds the partition made.
    LOCK TABLE audit_log IN SHARE UPDATE EXCLUSIVE MODE;
    CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
    EXECUTE format('CREATE TABLE %I (LIKE audit_log INCLUDING ALL)', v_name);
    EXECUTE format('ALTER TABLE audit_log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
      v_name, v_from, v_from + interval '1 month');
  END LOOP;
END $$;
