-- The event of a task that was claimed just now.
CREATE FUNCTION task_claimed(p_task tasks, p_actor text, p_trace text) RETURNS task_event LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN ROW(p_task.workspace_id, 'task.claimed', p_task.id, p_actor,
    jsonb_build_object('agentId', p_task.assigned_to, 'epoch', p_task.epoch, 'attempt', p_task.attempt,
      'claimKind', p_task.claim_kind), p_trace)::task_event;
END $$;
