-- Ends attempts without a result; p_ids are sorted. `released` gives the task back without counting the attempt. `failed`,
-- `expired` and `timed_out` give it back after its backoff while attempts are left and the failure may be retried, else the
-- task has failed or timed out. When its cancellation was asked for, it is cancelled instead. `expired` and `timed_out`
-- take only claims of kind agent, and only when their time is over by the database's clock. Dependants that changed are
-- returned with epoch 0, to be told from tasks whose attempt was ended: a refused one of p_ids may be among them.
CREATE FUNCTION task_end_attempt(
  p_tenant uuid, p_outcome text, p_ids uuid[], p_epochs int[], p_errors jsonb[], p_retryable boolean[],
  p_actors text[], p_traces text[]
) RETURNS SETOF tasks LANGUAGE plpgsql
SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_status text;
  v_events task_event[] := '{}';
  v_event task_event;
  v_ended uuid[] := '{}'; v_statuses text[] := '{}';
  v_agent uuid;
  r tasks;
BEGIN
  FOR i IN 1 .. cardinality(p_ids) LOOP
    SELECT * INTO r FROM tasks WHERE tenant_id = p_tenant AND id = p_ids[i] AND lease_expires_at IS NOT NULL
      AND epoch = p_epochs[i] AND (p_outcome = 'released' OR awaiting_since IS NULL) FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    CONTINUE WHEN p_outcome IN ('expired', 'timed_out') AND (r.claim_kind <> 'agent'
      OR CASE p_outcome WHEN 'expired' THEN r.lease_expires_at ELSE r.timeout_at END > v_now);
    v_agent := r.assigned_to;
    v_status := CASE
      WHEN r.cancel_requested_at IS NOT NULL THEN 'cancelled'
      WHEN p_outcome = 'released' OR (p_retryable[i] AND r.attempt < r.max_attempts) THEN 'pending'
      WHEN p_outcome = 'timed_out' THEN 'timeout'
      ELSE 'failed' END;

    INSERT INTO task_attempts AS a (tenant_id, task_id, epoch, agent_id, claim_kind, claimed_at, ended_at, outcome, error)
      VALUES (p_tenant, r.id, r.epoch, r.assigned_to, r.claim_kind, r.claimed_at, v_now, p_outcome, p_errors[i]);
    UPDATE tasks AS t SET
        status = v_status,
        assigned_to = CASE v_status WHEN 'pending' THEN NULL ELSE t.assigned_to END,
        attempt = t.attempt - CASE p_outcome WHEN 'released' THEN 1 ELSE 0 END,
        error = CASE p_outcome WHEN 'released' THEN t.error ELSE p_errors[i] END,
        completed_at = CASE v_status WHEN 'pending' THEN NULL ELSE v_now END,
        ready_at = CASE p_outcome WHEN 'released' THEN v_now ELSE v_now + task_backoff(t.retry, t.attempt) END,
        lease_expires_at = NULL, awaiting_since = NULL, updated_at = v_now, version = t.version + 1,
        -- A claim that is never taken away may have been past the deadline; nobody's task is ended by it.
        due_at = coalesce(t.due_at, t.deadline)
      WHERE t.tenant_id = p_tenant AND t.id = r.id RETURNING t.* INTO r;
    RETURN NEXT r;

    v_event := task_ended(r, p_outcome, v_agent, p_actors[i], p_traces[i], CASE WHEN v_status = 'pending' THEN
      CASE p_outcome WHEN 'released' THEN 'task.released' WHEN 'expired' THEN 'task.lease_expired'
        WHEN 'timed_out' THEN 'task.attempt_timed_out' ELSE 'task.attempt_failed' END END);
    -- What the attempt came to, also where the task keeps the error of an earlier one.
    v_event.data := v_event.data || jsonb_build_object('error', p_errors[i],
      'attempt', r.attempt + CASE p_outcome WHEN 'released' THEN 1 ELSE 0 END);
    v_events := v_events || v_event;
    IF v_status <> 'pending' THEN
      v_ended := v_ended || r.id;
      v_statuses := v_statuses || v_status;
    END IF;
  END LOOP;

  FOR r IN SELECT * FROM task_settle(p_tenant, v_ended, v_statuses, v_now) LOOP
    IF r.warned < 0 THEN v_events := v_events || task_ended(r, 'blocked', NULL, NULL, NULL); END IF;
    r.epoch := 0;
    RETURN NEXT r;
  END LOOP;
  PERFORM append_task_events(p_tenant, v_events);
END $$;
