-- How many more tasks of a concurrency key may run; none when another claim is counting them just now, so that no
-- claimant waits for another. The key's row stays locked, so the answer holds until the end of the transaction. The count
-- is of a later statement than the lock; one that reads an older snapshot cannot know it.
CREATE FUNCTION task_room(p_tenant uuid, p_key text) RETURNS int LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  v_max int;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN RETURN 0; END IF;
  SELECT max_running INTO v_max FROM task_concurrency WHERE tenant_id = p_tenant AND key = p_key FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN 0; END IF;
  RETURN v_max - (SELECT count(*) FROM tasks
    WHERE tenant_id = p_tenant AND concurrency_key = p_key AND status IN ('in_progress', 'awaiting_input'));
END $$;
