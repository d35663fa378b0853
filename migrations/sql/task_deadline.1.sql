-- Looks at tasks whose due_at has come: warns at 75 % and 90 % of the way from creation to deadline, and ends them at the
-- deadline; as cancelled when its cancellation was asked for. Claims of the kinds interactive and human are only marked as
-- overdue. p_ids are sorted.
CREATE FUNCTION task_deadline(p_tenant uuid, p_ids uuid[], p_actor text) RETURNS SETOF tasks LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_error jsonb := jsonb_build_object('code', 'deadline_passed', 'message', 'Its deadline passed before it was finished.');
  v_events task_event[] := '{}';
  v_ended uuid[] := '{}'; v_statuses text[] := '{}';
  v_id uuid; v_agent uuid; v_part float8;
  r tasks;
BEGIN
  FOREACH v_id IN ARRAY p_ids LOOP
    SELECT * INTO r FROM tasks WHERE tenant_id = p_tenant AND id = v_id AND due_at <= v_now AND completed_at IS NULL
      AND deleted_at IS NULL FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    v_agent := CASE WHEN r.lease_expires_at IS NOT NULL THEN r.assigned_to END;
    IF r.deadline > v_now THEN
      v_part := CASE WHEN v_now >= r.created_at + (r.deadline - r.created_at) * 0.9 THEN 0.9 ELSE 0.75 END;
      UPDATE tasks SET due_at = CASE v_part WHEN 0.9 THEN deadline ELSE created_at + (deadline - created_at) * 0.9 END
        WHERE tenant_id = p_tenant AND id = v_id RETURNING * INTO r;
      v_events := v_events || ROW(r.workspace_id, 'task.deadline_warning', r.id, p_actor,
        jsonb_build_object('agentId', v_agent, 'percent', v_part * 100,
          'endsAt', to_char(r.deadline AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), NULL)::task_event;
    ELSIF v_agent IS NOT NULL AND r.claim_kind <> 'agent' THEN
      UPDATE tasks SET due_at = NULL, overdue_at = coalesce(overdue_at, v_now), updated_at = v_now, version = version + 1
        WHERE tenant_id = p_tenant AND id = v_id RETURNING * INTO r;
      v_events := v_events || ROW(r.workspace_id, 'task.overdue', r.id, p_actor,
        jsonb_build_object('agentId', v_agent, 'epoch', r.epoch, 'limit', 'deadline'), NULL)::task_event;
    ELSE
      IF v_agent IS NOT NULL THEN
        INSERT INTO task_attempts AS a (tenant_id, task_id, epoch, agent_id, claim_kind, claimed_at, ended_at, outcome, error)
          VALUES (p_tenant, r.id, r.epoch, r.assigned_to, r.claim_kind, r.claimed_at, v_now, 'timed_out', v_error);
      END IF;
      UPDATE tasks SET
          status = CASE WHEN cancel_requested_at IS NULL THEN 'timeout' ELSE 'cancelled' END, error = v_error,
          completed_at = v_now, lease_expires_at = NULL, awaiting_since = NULL, updated_at = v_now, version = version + 1
        WHERE tenant_id = p_tenant AND id = v_id RETURNING * INTO r;
      v_events := v_events || task_ended(r, 'timed_out', v_agent, p_actor, NULL);
      v_ended := v_ended || r.id;
      v_statuses := v_statuses || r.status;
      r.warned := -1;
    END IF;
    RETURN NEXT r;
  END LOOP;

  FOR r IN SELECT * FROM task_settle(p_tenant, v_ended, v_statuses, v_now) LOOP
    RETURN NEXT r;
    IF r.warned < 0 THEN v_events := v_events || task_ended(r, 'blocked', NULL, p_actor, NULL); END IF;
  END LOOP;
  PERFORM append_task_events(p_tenant, v_events);
END $$;
