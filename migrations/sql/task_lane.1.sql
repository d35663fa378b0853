-- The lane of a task: tasks of one workspace, type and set of required capabilities, which the same agents can claim.
-- A record's text form quotes its fields, so different lanes have different texts.
CREATE FUNCTION task_lane(p_workspace uuid, p_type text, p_capabilities text[]) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN md5(ROW(p_workspace, p_type, p_capabilities)::text)::uuid;
END $$;
