-- How long a task waits after an attempt: the policy's wait, grown by the attempts so far and bounded, less up to a half
-- of it by chance, so that what failed together is not tried together. The exponent is bounded as well: 2^30 s exceeds
-- every maximum. The defaults are those of DEFAULT_RETRY in src/tasks/retry-policy.ts.
CREATE FUNCTION task_backoff(p_retry jsonb, p_attempt int) RETURNS interval LANGUAGE plpgsql AS $$
DECLARE
  v_initial float8 := coalesce((p_retry ->> 'initialSeconds')::float8, 1);
  v_max float8 := coalesce((p_retry ->> 'maxSeconds')::float8, 300);
  v_seconds float8 := v_initial * CASE p_retry ->> 'backoff'
    WHEN 'linear' THEN p_attempt ELSE 2 ^ least(p_attempt - 1, 30) END;
BEGIN
  RETURN make_interval(secs => least(v_seconds, v_max) * (1 - random() / 2));
END $$;
