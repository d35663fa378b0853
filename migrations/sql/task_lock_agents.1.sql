-- Locks the agents that have a capacity, in id order, before any task is locked: claims of one agent then wait for each other
-- and count what it holds one after the other.
CREATE FUNCTION task_lock_agents(p_tenant uuid, p_agents uuid[], p_capacities int[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  v_agent uuid;
BEGIN
  FOR v_agent IN SELECT DISTINCT a FROM unnest(p_agents, p_capacities) x(a, c) WHERE c IS NOT NULL ORDER BY 1 LOOP
    PERFORM FROM agents WHERE tenant_id = p_tenant AND id = v_agent FOR NO KEY UPDATE;
  END LOOP;
END $$;
