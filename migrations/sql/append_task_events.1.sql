-- Appends events of tasks to the log, in the order given; the last statement of a function that changes tasks.
CREATE FUNCTION append_task_events(p_tenant uuid, p_events task_event[]) RETURNS void LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  v_feeds uuid[]; v_types text[]; v_subjects uuid[]; v_actors text[]; v_data jsonb[]; v_traces text[];
BEGIN
  IF cardinality(p_events) = 0 THEN RETURN; END IF;
  SELECT array_agg(feed), array_agg(type), array_agg(subject), array_agg(actor), array_agg(data), array_agg(trace)
    INTO v_feeds, v_types, v_subjects, v_actors, v_data, v_traces FROM unnest(p_events);
  PERFORM append_events(
    p_tenant, v_feeds, v_types, array_fill('task'::text, array[cardinality(v_feeds)]), v_subjects, v_actors, v_data, v_traces);
END $$;
