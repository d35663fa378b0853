-- The event of a task that has ended, or of an attempt that has: task.<status> unless p_type is given. p_agent is who held
-- it, null when nobody did.
CREATE FUNCTION task_ended(
  p_task tasks, p_outcome text, p_agent uuid, p_actor text, p_trace text, p_type text DEFAULT NULL
) RETURNS task_event LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN ROW(p_task.workspace_id, coalesce(p_type, CASE p_task.status WHEN 'timeout' THEN 'task.timed_out' ELSE 'task.' || p_task.status END),
    p_task.id, p_actor,
    jsonb_build_object('agentId', p_agent, 'epoch', p_task.epoch, 'attempt', p_task.attempt,
      'outcome', p_outcome, 'error', p_task.error, 'status', p_task.status), p_trace)::task_event;
END $$;
