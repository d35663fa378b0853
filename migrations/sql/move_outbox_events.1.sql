-- Moves the events that one committed transaction left in the outbox into the log; answers their feeds. Two nodes that
-- try at once wait for each other, and the second finds nothing left. Needs READ COMMITTED, for append_events would
-- leave them in the outbox again.
CREATE FUNCTION move_outbox_events(p_tenant uuid, p_transaction uuid) RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'move_outbox_events needs READ COMMITTED' USING ERRCODE = '25001';
  END IF;
  PERFORM FROM event_outbox WHERE tenant_id = p_tenant AND transaction_id = p_transaction ORDER BY position FOR UPDATE;
  SELECT array_agg(feed_id ORDER BY position) AS feeds, array_agg(type ORDER BY position) AS types,
      array_agg(subject_type ORDER BY position) AS subject_types, array_agg(subject_id ORDER BY position) AS subjects,
      array_agg(actor_id ORDER BY position) AS actors, array_agg(data ORDER BY position) AS data,
      array_agg(trace ORDER BY position) AS traces
    INTO r FROM event_outbox WHERE tenant_id = p_tenant AND transaction_id = p_transaction;
  IF r.feeds IS NULL THEN RETURN '{}'; END IF;

  DELETE FROM event_outbox WHERE tenant_id = p_tenant AND transaction_id = p_transaction;
  PERFORM append_events(p_tenant, r.feeds, r.types, r.subject_types, r.subjects, r.actors, r.data, r.traces);
  RETURN ARRAY(SELECT DISTINCT f FROM unnest(r.feeds) f);
END $$;
