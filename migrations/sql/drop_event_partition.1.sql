-- Drops the oldest partition of the log if all of it lies before p_before; answers its name, or null when there is none.
-- In the same transaction the feeds keep the highest number that went with it, so that numbering never starts again and
-- a cursor that is too old can be told so. Called until it answers null, a partition in a transaction.
--
-- Feeds are locked before the log, as append_events does. A transaction that holds the log and waits for a feed meets
-- this one the other way round: lock_timeout ends that below the server's deadlock_timeout, and it is this side that
-- gives up (55P03), to try again later.
CREATE FUNCTION drop_event_partition(p_before timestamptz) RETURNS text
LANGUAGE plpgsql SET lock_timeout = '500ms' SET timezone = 'UTC' AS $$
DECLARE
  v_name text;
  r      record;
BEGIN
  SELECT c.relname INTO v_name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'events'::regclass
      AND c.relname <> 'events_default' AND c.relname < 'events_' || to_char(p_before, 'YYYY_MM')
    ORDER BY c.relname LIMIT 1;
  IF v_name IS NULL THEN RETURN NULL; END IF;

  FOR r IN EXECUTE format(
    'SELECT f.tenant_id, array_agg(f.id ORDER BY f.id) AS ids, array_agg(p.seq ORDER BY f.id) AS seqs
       FROM feeds f CROSS JOIN LATERAL
         (SELECT seq FROM %I p WHERE p.tenant_id = f.tenant_id AND p.feed_id = f.id ORDER BY seq DESC LIMIT 1) p
       GROUP BY f.tenant_id', v_name)
  LOOP
    PERFORM FROM feeds WHERE tenant_id = r.tenant_id AND id = ANY(r.ids) ORDER BY id FOR UPDATE;
    UPDATE feeds f SET floor_seq = greatest(f.floor_seq, d.seq) FROM unnest(r.ids, r.seqs) d(id, seq)
      WHERE f.tenant_id = r.tenant_id AND f.id = d.id;
  END LOOP;
  EXECUTE format('DROP TABLE %I', v_name);
  RETURN v_name;
END $$;
