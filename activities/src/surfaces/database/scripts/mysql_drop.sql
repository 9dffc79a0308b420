-- Run as the administrator from Entra. What it is the definer of must be given to another user first:
SET @u = NULL, @h = NULL;
SELECT user, host INTO @u, @h FROM mysql.user
  WHERE plugin = 'aad_auth' AND authentication_string LIKE '%{{FROM_CLIENT}}%' LIMIT 1;
SELECT 'view' AS kind, table_schema, table_name FROM information_schema.views WHERE definer = CONCAT(@u, '@', @h)
UNION ALL SELECT routine_type, routine_schema, routine_name FROM information_schema.routines WHERE definer = CONCAT(@u, '@', @h)
UNION ALL SELECT 'trigger', trigger_schema, trigger_name FROM information_schema.triggers WHERE definer = CONCAT(@u, '@', @h)
UNION ALL SELECT 'event', event_schema, event_name FROM information_schema.events WHERE definer = CONCAT(@u, '@', @h);
-- then (nothing, where there is no user)
SET @drop = COALESCE(CONCAT('DROP USER ', QUOTE(@u), '@', QUOTE(@h)), 'DO 0');
PREPARE statement FROM @drop;
EXECUTE statement;
