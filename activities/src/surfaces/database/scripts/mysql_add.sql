-- Run as the administrator from Entra. Where 1 finds no user, there is nothing to do.
-- 1. what the old identity has
SET @u = NULL, @h = NULL;
SELECT user, host INTO @u, @h FROM mysql.user
  WHERE plugin = 'aad_auth' AND authentication_string LIKE '%{{FROM_CLIENT}}%' LIMIT 1;
SELECT CONCAT('SHOW GRANTS FOR ', QUOTE(@u), '@', QUOTE(@h), ';') AS `run this to see them`;
-- 2. the user of the new identity.
--    Programs name their user when they sign in: where they name the old one, change it when their host is switched.
SET aad_auth_validate_oids_in_tenant = OFF;
CREATE AADUSER '{{NAME}}' IDENTIFIED BY '{{TO_CLIENT}}';
-- 3. the same grants: this prints the statements; run what it prints (mysql -N -r < this | mysql)
SET @old = CONCAT('''', @u, '''@''', @h, ''''), @new = CONCAT(QUOTE('{{NAME}}'), '@''%''');
SET SESSION group_concat_max_len = 65535;
SELECT CONCAT('GRANT ', GROUP_CONCAT(privilege_type), ' ON *.* TO ', @new,
    IF(is_grantable = 'YES', ' WITH GRANT OPTION', ''), ';') AS `run these`
  FROM information_schema.user_privileges WHERE grantee = @old AND privilege_type <> 'USAGE' GROUP BY is_grantable
UNION ALL SELECT CONCAT('GRANT ', GROUP_CONCAT(privilege_type), ' ON `', REPLACE(table_schema, '`', '``'), '`.* TO ', @new,
    IF(is_grantable = 'YES', ' WITH GRANT OPTION', ''), ';')
  FROM information_schema.schema_privileges WHERE grantee = @old GROUP BY table_schema, is_grantable
UNION ALL SELECT CONCAT('GRANT ', GROUP_CONCAT(privilege_type), ' ON `', REPLACE(table_schema, '`', '``'), '`.`',
    REPLACE(table_name, '`', '``'), '` TO ', @new, IF(is_grantable = 'YES', ' WITH GRANT OPTION', ''), ';')
  FROM information_schema.table_privileges WHERE grantee = @old GROUP BY table_schema, table_name, is_grantable
UNION ALL SELECT CONCAT('GRANT ', privilege_type, ' (`', REPLACE(column_name, '`', '``'), '`) ON `',
    REPLACE(table_schema, '`', '``'), '`.`', REPLACE(table_name, '`', '``'), '` TO ', @new, ';')
  FROM information_schema.column_privileges WHERE grantee = @old
UNION ALL SELECT CONCAT('GRANT ', REPLACE(proc_priv, 'Grant', 'GRANT OPTION'), ' ON ', routine_type, ' `', REPLACE(db, '`', '``'), '`.`',
    REPLACE(routine_name, '`', '``'), '` TO ', @new, ';') FROM mysql.procs_priv WHERE user = @u AND host = @h
UNION ALL SELECT CONCAT('GRANT ', QUOTE(from_user), '@', QUOTE(from_host), ' TO ', @new,
    IF(with_admin_option = 'Y', ' WITH ADMIN OPTION', ''), ';') FROM mysql.role_edges WHERE to_user = @u AND to_host = @h
UNION ALL SELECT DISTINCT CONCAT('ALTER USER ', @new, ' DEFAULT ROLE ALL;') FROM mysql.default_roles WHERE user = @u AND host = @h;
