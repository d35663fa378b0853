-- Writes versions of documents, each with its operation in the log, item by item. What an item may change must be at the
-- version it was made from, and held by nobody else. An item that others hold a section against is left for who can tell
-- what it touches: `sections`. The rows are locked in the order of their ids; the locks and the last numbers are read by
-- later statements, which see what committed while a lock was waited for. A null leaves a column as it is.
CREATE FUNCTION document_write(
  p_tenant uuid, p_ids uuid[], p_versions int[], p_titles text[], p_contents text[], p_bytes int[], p_types text[],
  p_labels jsonb[], p_authors text[], p_clocks jsonb[], p_operations uuid[], p_values jsonb[], p_tasks uuid[],
  p_epochs int[], p_tokens bigint[], p_snapshots uuid[]
) RETURNS TABLE (ord int, outcome text, version int, updated timestamptz, holder text, until timestamptz)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  v_now timestamptz(3) := clock_timestamp();
  v_row shared_documents;
  v_sequence bigint;
  v_holder text;
  v_until timestamptz;
  v_whole boolean;
  i int;
BEGIN
  FOR i IN SELECT u.n::int FROM unnest(p_ids) WITH ORDINALITY AS u (id, n) ORDER BY u.id, u.n LOOP
    SELECT d.* INTO v_row FROM shared_documents d
      WHERE d.tenant_id = p_tenant AND d.id = p_ids[i] AND d.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
      RETURN QUERY SELECT i, 'missing', NULL::int, NULL::timestamptz, NULL, NULL::timestamptz;
      CONTINUE;
    END IF;
    IF v_row.version <> p_versions[i] THEN
      RETURN QUERY SELECT i, 'stale', v_row.version, NULL::timestamptz, NULL, NULL::timestamptz;
      CONTINUE;
    END IF;

    IF p_tokens[i] IS NOT NULL AND NOT EXISTS (
      SELECT FROM document_locks l WHERE l.tenant_id = p_tenant AND l.document_id = p_ids[i] AND l.token = p_tokens[i]
        AND l.holder = p_authors[i] AND l.released_at IS NULL AND l.expires_at > v_now)
      AND NOT coalesce((
        SELECT l.token = p_tokens[i] AND l.holder = p_authors[i] AND l.released_at IS NULL FROM document_locks l
        WHERE l.tenant_id = p_tenant AND l.document_id = p_ids[i] ORDER BY l.token DESC LIMIT 1), false)
    THEN
      RETURN QUERY SELECT i, 'lost', NULL::int, NULL::timestamptz, NULL, NULL::timestamptz;
      CONTINUE;
    END IF;
    SELECT l.holder, l.expires_at, l.section IS NULL INTO v_holder, v_until, v_whole FROM document_locks l
      WHERE l.tenant_id = p_tenant AND l.document_id = p_ids[i] AND l.released_at IS NULL AND l.expires_at > v_now
        AND l.holder <> p_authors[i]
      ORDER BY l.section IS NULL DESC, l.token LIMIT 1;
    IF FOUND THEN
      RETURN QUERY SELECT i, CASE WHEN v_whole THEN 'locked' ELSE 'sections' END, NULL::int, NULL::timestamptz, v_holder, v_until;
      CONTINUE;
    END IF;

    UPDATE shared_documents d SET title = coalesce(p_titles[i], d.title), content = coalesce(p_contents[i], d.content),
        bytes = coalesce(p_bytes[i], d.bytes), content_type = coalesce(p_types[i], d.content_type),
        labels = coalesce(p_labels[i], d.labels), vector_clock = p_clocks[i], last_modified_by = p_authors[i],
        updated_at = v_now, version = d.version + 1
      WHERE d.tenant_id = p_tenant AND d.id = p_ids[i] RETURNING d.* INTO v_row;
    SELECT greatest(
      (SELECT max(o.sequence) FROM document_operations o WHERE o.tenant_id = p_tenant AND o.document_id = p_ids[i]),
      (SELECT max(s.sequence) FROM document_snapshots s WHERE s.tenant_id = p_tenant AND s.document_id = p_ids[i]), 0) + 1
      INTO v_sequence;
    INSERT INTO document_operations (tenant_id, document_id, sequence, id, operation_type, value, agent_id, task_id, epoch,
        vector_clock, version, created_at, applied_at)
      VALUES (p_tenant, p_ids[i], v_sequence, p_operations[i], 'update', p_values[i], p_authors[i], p_tasks[i],
        p_epochs[i], p_clocks[i], v_row.version, v_now, v_now);
    IF p_snapshots[i] IS NOT NULL THEN
      INSERT INTO document_snapshots (tenant_id, document_id, sequence, id, version, title, content, bytes, vector_clock,
          created_by)
        VALUES (p_tenant, p_ids[i], v_sequence, p_snapshots[i], v_row.version, v_row.title, v_row.content, v_row.bytes,
          v_row.vector_clock, p_authors[i]);
    END IF;
    INSERT INTO change_notices (tenant_id, subject_id, event_type, feed_id, reached, actor_id)
      VALUES (p_tenant, p_ids[i], 'document.changed', v_row.workspace_id, v_sequence, p_authors[i])
      ON CONFLICT (tenant_id, subject_id, event_type)
        DO UPDATE SET reached = EXCLUDED.reached, actor_id = EXCLUDED.actor_id;
    RETURN QUERY SELECT i, 'written', v_row.version, v_row.updated_at, NULL, NULL::timestamptz;
  END LOOP;
END $$;
