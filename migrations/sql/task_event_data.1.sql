-- The data of the events that end an attempt or a task. p_agent is who held it, null when nobody did.
CREATE FUNCTION task_event_data(p_task tasks, p_outcome text, p_agent uuid) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('agentId', p_agent, 'epoch', p_task.epoch, 'attempt', p_task.attempt,
    'outcome', p_outcome, 'error', p_task.error, 'status', p_task.status)
$$;
