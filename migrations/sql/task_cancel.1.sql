-- Cancels a task, with p_tree its descendants too. What nobody works on ends at once; a holder is asked to stop: it hears
-- of it by its next heartbeat, and whatever ends its attempt then, but a completion, cancels the task. Parents are locked
-- before their children, and creating a subtask holds a share of its parent, so none slips through.
CREATE FUNCTION task_cancel(p_tenant uuid, p_id uuid, p_tree boolean, p_reason text, p_actor text, p_trace text)
RETURNS SETOF tasks LANGUAGE plpgsql SET jit = off SET enable_seqscan = off AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_level uuid[] := array[p_id];
  v_seen uuid[] := '{}';
  v_error jsonb := jsonb_build_object('code', 'cancelled', 'message', coalesce(p_reason, 'It was cancelled.'));
  v_events task_event[] := '{}';
  v_ended uuid[] := '{}'; v_statuses text[] := '{}';
  v_id uuid; v_agent uuid;
  r tasks;
BEGIN
  LOOP
    FOREACH v_id IN ARRAY v_level LOOP
      SELECT * INTO r FROM tasks WHERE tenant_id = p_tenant AND id = v_id AND deleted_at IS NULL FOR UPDATE;
      CONTINUE WHEN NOT FOUND OR r.status IN ('completed', 'cancelled') OR v_id <> p_id AND r.completed_at IS NOT NULL;
      v_agent := CASE WHEN r.lease_expires_at IS NOT NULL THEN r.assigned_to END;
      IF r.status = 'in_progress' THEN
        CONTINUE WHEN r.cancel_requested_at IS NOT NULL;
        UPDATE tasks SET cancel_requested_at = v_now, cancel_reason = p_reason, updated_at = v_now, version = version + 1
          WHERE tenant_id = p_tenant AND id = v_id RETURNING * INTO r;
        v_events := v_events || ROW(r.workspace_id, 'task.cancel_requested', r.id, p_actor,
          jsonb_build_object('agentId', v_agent, 'epoch', r.epoch, 'reason', p_reason), p_trace)::task_event;
      ELSE
        IF r.status = 'awaiting_input' THEN
          INSERT INTO task_attempts AS a (tenant_id, task_id, epoch, agent_id, claim_kind, claimed_at, ended_at, outcome, error)
            VALUES (p_tenant, r.id, r.epoch, r.assigned_to, r.claim_kind, r.claimed_at, v_now, 'cancelled', v_error);
        END IF;
        UPDATE tasks SET
            status = 'cancelled', error = v_error, cancel_reason = p_reason, completed_at = v_now,
            lease_expires_at = NULL, awaiting_since = NULL, updated_at = v_now, version = version + 1
          WHERE tenant_id = p_tenant AND id = v_id RETURNING * INTO r;
        v_events := v_events || task_ended(r, 'cancelled', v_agent, p_actor, p_trace);
        v_ended := v_ended || r.id;
        v_statuses := v_statuses || r.status;
        r.warned := -1;
      END IF;
      RETURN NEXT r;
    END LOOP;
    EXIT WHEN NOT p_tree;
    v_seen := v_seen || v_level;
    v_level := array(SELECT id FROM tasks WHERE tenant_id = p_tenant AND parent_task_id = ANY (v_level)
      AND deleted_at IS NULL AND id <> ALL (v_seen) ORDER BY id);
    EXIT WHEN cardinality(v_level) = 0;
  END LOOP;

  FOR r IN SELECT * FROM task_settle(p_tenant, v_ended, v_statuses, v_now) LOOP
    RETURN NEXT r;
    IF r.warned < 0 THEN v_events := v_events || task_ended(r, 'blocked', NULL, p_actor, p_trace); END IF;
  END LOOP;
  PERFORM append_task_events(p_tenant, v_events);
END $$;
