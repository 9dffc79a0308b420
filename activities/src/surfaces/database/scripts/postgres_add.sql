-- Run as an administrator from Entra. Where 1 finds no role, there is nothing to do.
-- 1. what the old identity has (in psql, \du shows attributes and memberships)
SELECT * FROM pg_catalog.pgaadauth_list_principals(false);
SELECT r.* FROM pg_shseclabel l JOIN pg_roles r ON r.oid = l.objoid
  WHERE l.provider = 'pgaadauth' AND position('oid={{FROM_PRINCIPAL}}' IN l.label) > 0;
-- 2. in database postgres: the role of the new identity, where there is a role of the old and none of the new.
--    Programs name their role when they sign in: where they name the old one, change it when their host is switched.
SELECT pg_catalog.pgaadauth_create_principal_with_oid('{{NAME}}', '{{TO_PRINCIPAL}}', 'service', false, false)
  WHERE EXISTS (SELECT FROM pg_shseclabel WHERE provider = 'pgaadauth' AND position('oid={{FROM_PRINCIPAL}}' IN label) > 0)
  AND NOT EXISTS (SELECT FROM pg_shseclabel WHERE provider = 'pgaadauth' AND position('oid={{TO_PRINCIPAL}}' IN label) > 0);
-- 3. in every database: the same memberships and grants, and membership of the old role where that owns something
SELECT set_config('rehome.old', '{{FROM_PRINCIPAL}}', false), set_config('rehome.new', '{{TO_PRINCIPAL}}', false);
DO $rehome$
DECLARE
  was oid; becomes name; line text;
BEGIN
  SELECT objoid INTO was FROM pg_shseclabel
    WHERE provider = 'pgaadauth' AND position('oid=' || current_setting('rehome.old') IN label) > 0;
  SELECT r.rolname INTO becomes FROM pg_shseclabel l JOIN pg_roles r ON r.oid = l.objoid
    WHERE l.provider = 'pgaadauth' AND position('oid=' || current_setting('rehome.new') IN l.label) > 0;
  IF was IS NULL OR becomes IS NULL THEN RAISE NOTICE 'one of the roles is not there'; RETURN; END IF;
  FOR line IN
    WITH grants AS (
      SELECT format('DATABASE %I', d.datname) AS what, NULL::text AS columns, a.* FROM pg_database d, aclexplode(d.datacl) a
        WHERE d.datname = current_database()
      UNION ALL SELECT format('SCHEMA %I', n.nspname), NULL, a.* FROM pg_namespace n, aclexplode(n.nspacl) a
      UNION ALL SELECT format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname), NULL, a.*
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
      UNION ALL SELECT format('TABLE %I.%I', n.nspname, c.relname), format(' (%I)', t.attname), a.*
        FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(t.attacl) a
      UNION ALL SELECT format('ROUTINE %s', p.oid::regprocedure), NULL, a.* FROM pg_proc p, aclexplode(p.proacl) a
      UNION ALL SELECT format('TYPE %s', t.oid::regtype), NULL, a.* FROM pg_type t, aclexplode(t.typacl) a)
    SELECT format('GRANT %s%s ON %s TO %I%s', privilege_type, columns, what, becomes,
      CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) FROM grants WHERE grantee = was
    UNION ALL SELECT format('GRANT %I TO %I%s', r.rolname, becomes, CASE WHEN m.admin_option THEN ' WITH ADMIN OPTION' ELSE '' END)
      FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = was
    UNION ALL SELECT format('GRANT %I TO %I', r.rolname, becomes) FROM pg_roles r WHERE r.oid = was
      AND EXISTS (SELECT FROM pg_shdepend s WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = was AND s.deptype = 'o')
    UNION ALL SELECT format('ALTER ROLE %I%s%s', becomes, CASE WHEN r.rolcreatedb THEN ' CREATEDB' ELSE '' END,
      CASE WHEN r.rolcreaterole THEN ' CREATEROLE' ELSE '' END) FROM pg_roles r WHERE r.oid = was AND (r.rolcreatedb OR r.rolcreaterole)
    UNION ALL SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s GRANT %s ON %s TO %I', r.rolname,
      CASE WHEN n.oid IS NULL THEN '' ELSE format(' IN SCHEMA %I', n.nspname) END, a.privilege_type,
      CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
      becomes) FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace,
      aclexplode(d.defaclacl) a WHERE a.grantee = was
  LOOP
    RAISE NOTICE '%', line;
    EXECUTE line;
  END LOOP;
END $rehome$;
