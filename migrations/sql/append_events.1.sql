-- Appends events to the log, numbered 1, 2, 3 … per feed. The arrays have equal length and stand in the events' order.
-- Belongs late in a transaction, after its rows: from here to the commit the feeds are closed to others.
--
-- A number comes from the log itself, not from a counter: the row of the feed is only locked, which leaves no new
-- version of it behind, and the last event is looked up in a later statement, which sees what committed while the lock
-- was waited for. With the older snapshot of a transaction above READ COMMITTED it would not: such a one leaves its
-- events in the outbox, from where move_outbox_events takes them after the commit.
CREATE FUNCTION append_events(
  p_tenant uuid, p_feeds uuid[], p_types text[], p_subject_types text[], p_subjects uuid[], p_actors text[],
  p_data jsonb[], p_traces text[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_feeds uuid[];
  v_feed  uuid;
  v_seq   bigint;
  v_time  timestamptz(3);
  v_seqs  bigint[] := '{}';
  v_times timestamptz(3)[] := '{}';
  v_transaction uuid;
BEGIN
  IF cardinality(p_feeds) = 0 THEN RETURN; END IF;
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    v_transaction := lpad(to_hex(pg_current_xact_id()::text::bigint), 32, '0');
    SELECT coalesce(max(position), 0) INTO v_seq FROM event_outbox
      WHERE tenant_id = p_tenant AND transaction_id = v_transaction;
    INSERT INTO event_outbox AS o
        (tenant_id, transaction_id, position, feed_id, type, subject_type, subject_id, actor_id, data, trace)
      SELECT p_tenant, v_transaction, v_seq + x.o, x.feed, x.type, x.subject_type, x.subject, x.actor, x.data, x.trace
        FROM unnest(p_feeds, p_types, p_subject_types, p_subjects, p_actors, p_data, p_traces)
          WITH ORDINALITY x(feed, type, subject_type, subject, actor, data, trace, o);
    RETURN;
  END IF;

  -- In id order, so that two transactions that touch the same feeds wait for each other instead of for ever.
  v_feeds := ARRAY(SELECT DISTINCT f FROM unnest(p_feeds) f ORDER BY f);
  FOREACH v_feed IN ARRAY v_feeds LOOP
    PERFORM FROM feeds WHERE tenant_id = p_tenant AND id = v_feed FOR UPDATE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'there is no feed %', v_feed USING ERRCODE = 'foreign_key_violation', TABLE = 'events', COLUMN = 'feed_id';
    END IF;

    -- now(), not a variable: the cached plan then leaves out the older partitions whenever it starts. There is no
    -- upper bound, for the last event may be younger than a clock that was set back.
    SELECT seq, time INTO v_seq, v_time FROM events
      WHERE tenant_id = p_tenant AND feed_id = v_feed AND time >= date_trunc('month', now(), 'UTC')
      ORDER BY seq DESC LIMIT 1;
    IF v_seq IS NULL THEN
      -- Silent since the month began: every partition is asked, once a month for a feed.
      SELECT seq, time INTO v_seq, v_time FROM events
        WHERE tenant_id = p_tenant AND feed_id = v_feed ORDER BY seq DESC LIMIT 1;
    END IF;
    IF v_seq IS NULL THEN
      SELECT floor_seq INTO v_seq FROM feeds WHERE tenant_id = p_tenant AND id = v_feed;
    END IF;
    v_seqs := v_seqs || v_seq;
    -- Never before the last event, so that dropping old partitions takes the smallest numbers of a feed.
    v_times := v_times || greatest(date_trunc('milliseconds', clock_timestamp()), v_time)::timestamptz(3);
  END LOOP;

  INSERT INTO events AS e
      (tenant_id, feed_id, seq, type, subject_type, subject_id, actor_id, time, data, trace)
    SELECT p_tenant, x.feed, l.seq + row_number() OVER (PARTITION BY x.feed ORDER BY x.o),
        x.type, x.subject_type, x.subject, x.actor, l.time, x.data, x.trace
      FROM unnest(p_feeds, p_types, p_subject_types, p_subjects, p_actors, p_data, p_traces)
          WITH ORDINALITY x(feed, type, subject_type, subject, actor, data, trace, o)
        JOIN unnest(v_feeds, v_seqs, v_times) l(feed, seq, time) ON l.feed = x.feed;
END $$;
