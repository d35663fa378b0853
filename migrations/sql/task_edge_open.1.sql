-- Whether an edge still blocks while its blocker has this status. task_settle decides the same when a blocker ends.
CREATE FUNCTION task_edge_open(p_kind text, p_on_failure text, p_outcome text, p_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
  SELECT p_kind IN ('blocks', 'waits_for', 'conditional') AND NOT (
    p_status IN ('completed', 'failed', 'cancelled', 'timeout')
    AND (p_kind = 'waits_for' OR p_on_failure = 'proceed'
      OR p_status = CASE p_kind WHEN 'blocks' THEN 'completed' ELSE p_outcome END))
$$;
