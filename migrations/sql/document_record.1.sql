-- Appends operations to the logs of documents, item by item in the order given: each document's are numbered on from
-- its last one. A document that is not there gives a row of nulls. The rows are locked in the order of their ids, and
-- the last numbers are read by later statements, which see what committed while a lock was waited for. What
-- the feeds are to be told is noted.
CREATE FUNCTION document_record(
  p_tenant uuid, p_documents uuid[], p_ids uuid[], p_types text[], p_paths text[], p_values jsonb[], p_agents text[],
  p_tasks uuid[], p_epochs int[], p_clocks jsonb[], p_versions int[], p_applied bool[]
) RETURNS TABLE (id uuid, sequence bigint, created timestamptz, applied timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_known uuid[];
  v_feeds uuid[];
BEGIN
  SELECT array_agg(locked.id), array_agg(locked.workspace_id) INTO v_known, v_feeds FROM (
    SELECT d.id, d.workspace_id FROM shared_documents d
    WHERE d.tenant_id = p_tenant AND d.id = ANY (p_documents) AND d.deleted_at IS NULL
    ORDER BY d.id FOR UPDATE) locked;

  RETURN QUERY
  WITH given AS (
    SELECT n.ord, n.document, row_number() OVER (PARTITION BY n.document ORDER BY n.ord) AS place
    FROM unnest(p_documents) WITH ORDINALITY AS n (document, ord)
    WHERE n.document = ANY (v_known)),
  last AS (
    SELECT k.document, greatest(
      (SELECT max(o.sequence) FROM document_operations o WHERE o.tenant_id = p_tenant AND o.document_id = k.document),
      (SELECT max(s.sequence) FROM document_snapshots s WHERE s.tenant_id = p_tenant AND s.document_id = k.document),
      0) AS sequence
    FROM unnest(v_known) AS k (document)),
  written AS (
    INSERT INTO document_operations AS o (tenant_id, document_id, sequence, id, operation_type, path, value, agent_id,
      task_id, epoch, vector_clock, version, created_at, applied_at)
    SELECT p_tenant, g.document, l.sequence + g.place, p_ids[g.ord], p_types[g.ord], p_paths[g.ord], p_values[g.ord],
      p_agents[g.ord], p_tasks[g.ord], p_epochs[g.ord], p_clocks[g.ord], p_versions[g.ord], v_now,
      CASE WHEN p_applied[g.ord] THEN v_now END
    FROM given g JOIN last l ON l.document = g.document
    RETURNING o.document_id, o.id, o.sequence, o.created_at, o.applied_at, o.agent_id),
  noted AS (
    INSERT INTO change_notices AS n (tenant_id, subject_id, event_type, feed_id, reached, actor_id)
    SELECT p_tenant, k.document, 'document.changed', k.feed, max(w.sequence),
      (array_agg(w.agent_id ORDER BY w.sequence DESC))[1]
    FROM written w JOIN unnest(v_known, v_feeds) AS k (document, feed) ON k.document = w.document_id
    GROUP BY k.document, k.feed
    ON CONFLICT (tenant_id, subject_id, event_type)
      DO UPDATE SET reached = EXCLUDED.reached, actor_id = EXCLUDED.actor_id)
  SELECT w.id, w.sequence, w.created_at, w.applied_at
  FROM unnest(p_documents, p_ids) WITH ORDINALITY AS n (document, id, ord)
    LEFT JOIN written w ON w.document_id = n.document AND w.id = n.id
  ORDER BY n.ord;
END $$;
