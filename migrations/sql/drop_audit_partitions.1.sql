-- Drops the audit log's partitions that ended p_keep or more full months before this one (UTC); answers their names. It
-- gives up (55P03) where somebody reads the log for long, instead of having everybody wait behind it.
CREATE FUNCTION drop_audit_partitions(p_keep int) RETURNS SETOF text
LANGUAGE plpgsql SET lock_timeout = '500ms' SET timezone = 'UTC' AS $$
DECLARE
  v_oldest text := 'audit_log_' || to_char(date_trunc('month', now()) - make_interval(months => p_keep), 'YYYY_MM');
  v_name text;
BEGIN
  FOR v_name IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'audit_log'::regclass AND c.relname < v_oldest ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I', v_name);
    RETURN NEXT v_name;
  END LOOP;
END $$;
