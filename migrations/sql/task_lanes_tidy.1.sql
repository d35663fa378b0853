-- Removes lanes in which no task is open; returns how many. Each call takes a lane one step on: it is marked; the mark,
-- once it is older than p_idle, gets the number of a transaction; and the lane goes when every transaction before that one
-- has ended and none of its tasks is open.
--
-- No task is lost in a lane that goes. Whoever makes, retries or moves a task uses its lane first (task_lanes_use), which
-- takes the mark away, or has used it, by the database's clock, less than the memory of a node ago (task_create). That is
-- shorter than p_idle, so such a transaction was numbered before the second step, and its tasks are seen at the third:
-- p_idle must be longer than that memory by more than a call of this function takes.
CREATE FUNCTION task_lanes_tidy(p_tenant uuid, p_idle interval, p_limit int) RETURNS int LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off AS $$
DECLARE
  v_open_statuses text[] := '{pending,assigned,accepted,rejected,in_progress,awaiting_input}';
  v_oldest xid8 := pg_snapshot_xmin(pg_current_snapshot());  -- those before it have ended
  v_lanes uuid[]; v_open uuid[];
  v_removed int := 0;
BEGIN
  -- Locked first and looked into by a later statement: who used a lane before has taken its mark, who comes now waits.
  v_lanes := array(SELECT id FROM task_lanes WHERE tenant_id = p_tenant AND idle_xact < v_oldest
    LIMIT p_limit FOR UPDATE SKIP LOCKED);
  IF cardinality(v_lanes) > 0 THEN
    v_open := array(SELECT DISTINCT lane FROM tasks WHERE tenant_id = p_tenant AND status = ANY (v_open_statuses)
      AND deleted_at IS NULL AND lane = ANY (v_lanes));
    UPDATE task_lanes SET idle_since = NULL, idle_xact = NULL WHERE tenant_id = p_tenant AND id = ANY (v_open);
    DELETE FROM task_lanes WHERE tenant_id = p_tenant AND id = ANY (v_lanes) AND id <> ALL (v_open);
    GET DIAGNOSTICS v_removed = ROW_COUNT;
  END IF;

  UPDATE task_lanes SET idle_xact = pg_current_xact_id() WHERE tenant_id = p_tenant AND id = ANY (array(
    SELECT id FROM task_lanes WHERE tenant_id = p_tenant AND idle_xact IS NULL AND idle_since < now() - p_idle
      LIMIT p_limit FOR NO KEY UPDATE SKIP LOCKED));

  -- Most lanes in use have a ready task: one look into the index. The other open tasks are read only when some have none.
  v_lanes := array(SELECT l.id FROM task_lanes l LEFT JOIN LATERAL (
      SELECT t.lane FROM tasks t WHERE t.tenant_id = p_tenant AND t.lane = l.id AND t.status = 'pending'
        AND t.open_blockers = 0 AND t.deleted_at IS NULL LIMIT 1) ready ON true
    WHERE l.tenant_id = p_tenant AND l.idle_since IS NULL AND ready.lane IS NULL LIMIT p_limit);
  IF cardinality(v_lanes) > 0 THEN
    v_open := array(SELECT DISTINCT lane FROM tasks WHERE tenant_id = p_tenant AND status = ANY (v_open_statuses)
      AND deleted_at IS NULL AND lane = ANY (v_lanes));
    UPDATE task_lanes SET idle_since = clock_timestamp() WHERE tenant_id = p_tenant AND id = ANY (array(
      SELECT id FROM task_lanes WHERE tenant_id = p_tenant AND idle_since IS NULL AND id = ANY (v_lanes)
        AND id <> ALL (v_open) FOR NO KEY UPDATE SKIP LOCKED));
  END IF;
  RETURN v_removed;
END $$;
