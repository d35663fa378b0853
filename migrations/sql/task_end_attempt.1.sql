-- Ends attempts without a result: `failed` and `expired` give the task back while attempts are left and the failure may
-- be retried, `released` gives it back without counting the attempt. `expired` takes only leases of kind agent that are
-- over by the database's clock. p_ids are sorted.
CREATE FUNCTION task_end_attempt(
  p_tenant uuid, p_outcome text, p_ids uuid[], p_epochs int[], p_errors jsonb[], p_retryable boolean[],
  p_actors text[], p_traces text[]
) RETURNS SETOF tasks LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_again boolean;
  v_types text[] := '{}';
  v_feeds uuid[] := '{}'; v_done uuid[] := '{}'; v_who text[] := '{}'; v_data jsonb[] := '{}'; v_trace text[] := '{}';
  r tasks;
BEGIN
  FOR i IN 1 .. cardinality(p_ids) LOOP
    SELECT * INTO r FROM tasks WHERE tenant_id = p_tenant AND id = p_ids[i] AND lease_expires_at IS NOT NULL
      AND epoch = p_epochs[i] FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    CONTINUE WHEN p_outcome = 'expired' AND (r.lease_expires_at > v_now OR r.claim_kind <> 'agent');
    v_again := p_outcome = 'released' OR (p_retryable[i] AND r.attempt < r.max_attempts);

    INSERT INTO task_attempts AS a (tenant_id, task_id, epoch, agent_id, claim_kind, claimed_at, ended_at, outcome, error)
      VALUES (p_tenant, r.id, r.epoch, r.assigned_to, r.claim_kind, r.claimed_at, v_now, p_outcome, p_errors[i]);
    v_feeds := v_feeds || r.workspace_id;
    v_done := v_done || r.id;
    v_who := v_who || p_actors[i];
    v_trace := v_trace || p_traces[i];
    v_types := v_types || CASE WHEN NOT v_again THEN 'task.failed' WHEN p_outcome = 'released' THEN 'task.released'
      WHEN p_outcome = 'expired' THEN 'task.lease_expired' ELSE 'task.attempt_failed' END;
    v_data := v_data || jsonb_build_object('agentId', r.assigned_to, 'epoch', r.epoch, 'attempt', r.attempt,
      'outcome', p_outcome, 'error', p_errors[i], 'status', CASE WHEN v_again THEN 'pending' ELSE 'failed' END);

    RETURN QUERY UPDATE tasks AS t SET
        status = CASE WHEN v_again THEN 'pending' ELSE 'failed' END,
        assigned_to = CASE WHEN v_again THEN NULL ELSE t.assigned_to END,
        attempt = t.attempt - CASE WHEN p_outcome = 'released' THEN 1 ELSE 0 END,
        error = CASE WHEN p_outcome = 'released' THEN t.error ELSE p_errors[i] END,
        completed_at = CASE WHEN v_again THEN NULL ELSE v_now END,
        lease_expires_at = NULL, ready_at = v_now, updated_at = v_now, version = t.version + 1
      WHERE t.tenant_id = p_tenant AND t.id = r.id RETURNING t.*;
  END LOOP;
  IF cardinality(v_done) = 0 THEN RETURN; END IF;
  PERFORM append_events(p_tenant, v_feeds, v_types, array_fill('task'::text, array[cardinality(v_done)]),
    v_done, v_who, v_data, v_trace);
END $$;
