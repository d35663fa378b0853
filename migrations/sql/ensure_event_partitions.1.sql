-- Makes the log's partitions of this month (UTC) and of the p_ahead next ones, and those of events that had to go to the
-- default partition because theirs was missing; answers the names of the new ones. A node that finds all of them takes
-- no lock.
--
-- A partition is attached, not created in place: attaching lets appends and readers of the log go on, except for those
-- that touch the default partition. A long reader of that one makes it give up (55P03) instead of having everybody wait
-- behind it; there is time until next month, and until then the default partition takes what comes.
CREATE FUNCTION ensure_event_partitions(p_ahead int) RETURNS SETOF text
LANGUAGE plpgsql SET lock_timeout = '500ms' SET timezone = 'UTC' AS $$
DECLARE
  v_from timestamptz;
  v_to   timestamptz;
  v_name text;
BEGIN
  FOR v_from IN
    SELECT date_trunc('month', now()) + make_interval(months => m) FROM generate_series(0, p_ahead) m
    UNION SELECT date_trunc('month', time) FROM events_default
    ORDER BY 1
  LOOP
    v_to := v_from + interval '1 month';
    v_name := 'events_' || to_char(v_from, 'YYYY_MM');
    CONTINUE WHEN to_regclass(v_name) IS NOT NULL;

    -- Nodes that do so at once wait for each other here; the second finds the partition made.
    LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE;
    CONTINUE WHEN to_regclass(v_name) IS NOT NULL;
    LOCK TABLE events_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE %I (LIKE events INCLUDING ALL)', v_name);
    EXECUTE format('INSERT INTO %I SELECT * FROM events_default WHERE time >= %L AND time < %L', v_name, v_from, v_to);
    DELETE FROM events_default WHERE time >= v_from AND time < v_to;
    EXECUTE format('ALTER TABLE events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', v_name, v_from, v_to);
    RETURN NEXT v_name;
  END LOOP;
END $$;
