-- Appends Yjs updates to the log of a live document, numbered on from its last operation, and answers the last number;
-- null where there is no such live document. The number is read by a statement after the lock, which sees what committed
-- while the lock was waited for. What the feed is to be told is noted.
CREATE FUNCTION document_live_append(
  p_tenant uuid, p_document uuid, p_ids uuid[], p_payloads bytea[], p_agents text[]
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_feed uuid;
  v_last bigint;
BEGIN
  SELECT d.workspace_id INTO v_feed FROM shared_documents d
    WHERE d.tenant_id = p_tenant AND d.id = p_document AND d.kind = 'live' AND d.deleted_at IS NULL FOR UPDATE;
  IF v_feed IS NULL THEN
    RETURN NULL;
  END IF;

  SELECT greatest(
    (SELECT max(o.sequence) FROM document_operations o WHERE o.tenant_id = p_tenant AND o.document_id = p_document),
    (SELECT max(s.sequence) FROM document_snapshots s WHERE s.tenant_id = p_tenant AND s.document_id = p_document),
    0) INTO v_last;

  INSERT INTO document_operations (tenant_id, document_id, sequence, id, operation_type, payload, agent_id, created_at,
    applied_at)
  SELECT p_tenant, p_document, v_last + n.ord, n.id, 'update', n.payload, n.agent, v_now, v_now
  FROM unnest(p_ids, p_payloads, p_agents) WITH ORDINALITY AS n (id, payload, agent, ord);
  v_last := v_last + cardinality(p_ids);

  INSERT INTO change_notices AS n (tenant_id, subject_id, event_type, feed_id, reached, actor_id)
  VALUES (p_tenant, p_document, 'document.changed', v_feed, v_last, p_agents[cardinality(p_agents)])
  ON CONFLICT (tenant_id, subject_id, event_type)
    DO UPDATE SET reached = EXCLUDED.reached, actor_id = EXCLUDED.actor_id;
  RETURN v_last;
END $$;
