-- Run as an administrator from Entra, in every database and in postgres last; what it owns goes to the user of the other identity.
SELECT set_config('rehome.gone', '{{FROM_PRINCIPAL}}', false), set_config('rehome.heir', '{{TO_PRINCIPAL}}', false);
DO $rehome$
DECLARE
  gone name; heir name; last boolean := current_database() = 'postgres';
BEGIN
  SELECT r.rolname INTO gone FROM pg_shseclabel l JOIN pg_roles r ON r.oid = l.objoid
    WHERE l.provider = 'pgaadauth' AND position('oid=' || current_setting('rehome.gone') IN l.label) > 0;
  SELECT r.rolname INTO heir FROM pg_shseclabel l JOIN pg_roles r ON r.oid = l.objoid
    WHERE l.provider = 'pgaadauth' AND position('oid=' || current_setting('rehome.heir') IN l.label) > 0;
  IF gone IS NULL THEN RAISE NOTICE 'it has no role here'; RETURN; END IF;
  EXECUTE format('GRANT %I TO CURRENT_USER', gone);
  IF heir IS NOT NULL THEN
    EXECUTE format('GRANT %I TO CURRENT_USER', heir);
    EXECUTE format('REASSIGN OWNED BY %I TO %I', gone, heir);
  END IF;
  EXECUTE format('DROP OWNED BY %I', gone);
  IF last THEN EXECUTE format('DROP ROLE %I', gone); END IF;
END $rehome$;
