-- Moves acknowledged cursors of named subscribers; the arrays have equal length, and each item is answered by its
-- position. A number that is not above the cursor changes nothing: it was repeated, or overtaken. Items of one feed are
-- taken from the highest number down, so that a batch writes each row once a feed; subscribers are locked in the order of
-- their names. An epoch is that of an opening, null for who has none; an actor is who must be the owner, null for an admin.
CREATE FUNCTION ack_event_subscribers(
  p_tenant uuid, p_names text[], p_epochs bigint[], p_actors text[], p_feeds uuid[], p_seqs bigint[]
) RETURNS TABLE (item bigint, outcome text, acknowledged bigint) LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_item record;
  v_row  record;
  v_at   int;
BEGIN
  FOR v_item IN
    SELECT x.* FROM unnest(p_names, p_epochs, p_actors, p_feeds, p_seqs)
      WITH ORDINALITY x(name, epoch, actor, feed, seq, position) ORDER BY x.name, x.feed, x.seq DESC
  LOOP
    item := v_item.position;
    acknowledged := NULL;
    SELECT s.owner, s.epoch, s.feed_ids, s.seqs INTO v_row FROM event_subscribers s
      WHERE s.tenant_id = p_tenant AND s.name = v_item.name FOR UPDATE;
    v_at := array_position(v_row.feed_ids, v_item.feed);
    IF NOT FOUND THEN
      outcome := 'unknown';
    ELSIF v_row.owner <> v_item.actor THEN
      outcome := 'foreign';
    ELSIF v_row.epoch <> v_item.epoch THEN
      outcome := 'taken_over';
    ELSIF v_at IS NULL THEN
      outcome := 'no_feed';
    ELSE
      acknowledged := v_row.seqs[v_at];
      outcome := 'acknowledged';
      IF v_item.seq > acknowledged THEN
        IF EXISTS (SELECT FROM events e WHERE e.tenant_id = p_tenant AND e.feed_id = v_item.feed AND e.seq = v_item.seq)
          OR EXISTS (SELECT FROM feeds f WHERE f.tenant_id = p_tenant AND f.id = v_item.feed AND f.floor_seq >= v_item.seq)
        THEN
          acknowledged := v_item.seq;
          UPDATE event_subscribers s SET seqs[v_at] = v_item.seq, updated_at = clock_timestamp()
            WHERE s.tenant_id = p_tenant AND s.name = v_item.name;
        ELSE
          outcome := 'ahead';
        END IF;
      END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
END $$;
