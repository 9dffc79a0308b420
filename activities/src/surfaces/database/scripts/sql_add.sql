-- Run as an administrator from Entra, in every database of the server (and in master: see 4).
-- Where 1 finds no user, there is nothing to do in that database.
-- 1. what the old identity has
DECLARE @old sysname = (SELECT TOP (1) name FROM sys.database_principals WHERE type = 'E'
  AND SUBSTRING(sid, 1, 16) = CAST(CAST('{{FROM_CLIENT}}' AS uniqueidentifier) AS varbinary(16)));
DECLARE @new sysname = N'{{NAME}}';
SELECT DB_NAME() AS [database], @old AS [old user], default_schema_name FROM sys.database_principals WHERE name = @old;
SELECT r.name AS [role] FROM sys.database_role_members m
  JOIN sys.database_principals r ON r.principal_id = m.role_principal_id WHERE m.member_principal_id = DATABASE_PRINCIPAL_ID(@old);
SELECT class_desc, major_id, minor_id, state_desc, permission_name FROM sys.database_permissions
  WHERE grantee_principal_id = DATABASE_PRINCIPAL_ID(@old);
-- 2. the user of the new identity; by object id, because one display name for both gives Msg 33131
IF @old IS NOT NULL AND DATABASE_PRINCIPAL_ID(@new) IS NULL
  CREATE USER [{{NAME_ID}}] FROM EXTERNAL PROVIDER WITH OBJECT_ID = '{{TO_PRINCIPAL}}';
-- (where the server may not read Entra: CREATE USER … WITH SID = …, TYPE = E, with the SID that this gives:
--  SELECT CONVERT(varchar(64), CAST(CAST('{{TO_CLIENT}}' AS uniqueidentifier) AS varbinary(16)), 1))
-- 3. the same roles and permissions; what it cannot copy it prints behind --
DECLARE @do nvarchar(max) = (SELECT STRING_AGG(CAST(line AS nvarchar(max)), NCHAR(10)) FROM (
  SELECT N'ALTER ROLE ' + QUOTENAME(r.name) + N' ADD MEMBER ' + QUOTENAME(@new) + N';' AS line
    FROM sys.database_role_members m JOIN sys.database_principals r ON r.principal_id = m.role_principal_id
    WHERE m.member_principal_id = DATABASE_PRINCIPAL_ID(@old)
  UNION ALL SELECT N'ALTER USER ' + QUOTENAME(@new) + N' WITH DEFAULT_SCHEMA = ' + QUOTENAME(default_schema_name) + N';'
    FROM sys.database_principals WHERE name = @old AND default_schema_name IS NOT NULL
  UNION ALL SELECT ISNULL(
      CASE p.state WHEN 'W' THEN N'GRANT' ELSE p.state_desc END + N' ' + p.permission_name + CASE p.class
        WHEN 0 THEN N''
        WHEN 1 THEN N' ON OBJECT::' + QUOTENAME(OBJECT_SCHEMA_NAME(p.major_id)) + N'.' + QUOTENAME(OBJECT_NAME(p.major_id))
          + CASE WHEN p.minor_id > 0 THEN N' (' + QUOTENAME(COL_NAME(p.major_id, p.minor_id)) + N')' ELSE N'' END
        WHEN 3 THEN N' ON SCHEMA::' + QUOTENAME(SCHEMA_NAME(p.major_id))
        WHEN 4 THEN (SELECT CASE q.type WHEN 'R' THEN N' ON ROLE::' ELSE N' ON USER::' END + QUOTENAME(q.name)
          FROM sys.database_principals q WHERE q.principal_id = p.major_id)
        WHEN 6 THEN (SELECT N' ON TYPE::' + QUOTENAME(SCHEMA_NAME(t.schema_id)) + N'.' + QUOTENAME(t.name)
          FROM sys.types t WHERE t.user_type_id = p.major_id)
      END + N' TO ' + QUOTENAME(@new) + CASE p.state WHEN 'W' THEN N' WITH GRANT OPTION' ELSE N'' END + N';',
      N'-- not copied: ' + p.state_desc + N' ' + p.permission_name + N' on ' + p.class_desc + N' ' + CAST(p.major_id AS nvarchar(20)))
    FROM sys.database_permissions p WHERE p.grantee_principal_id = DATABASE_PRINCIPAL_ID(@old)
) AS lines);
PRINT @do;
IF @do IS NOT NULL EXEC sys.sp_executesql @do;
GO
-- 4. in master only: where this finds a login, make its counterpart and give it the same server roles
DECLARE @login sysname = (SELECT TOP (1) name FROM sys.server_principals WHERE type = 'E'
  AND SUBSTRING(sid, 1, 16) = CAST(CAST('{{FROM_CLIENT}}' AS uniqueidentifier) AS varbinary(16)));
IF @login IS NOT NULL AND SUSER_ID(N'{{NAME}}') IS NULL
  CREATE LOGIN [{{NAME_ID}}] FROM EXTERNAL PROVIDER WITH OBJECT_ID = '{{TO_PRINCIPAL}}';
DECLARE @roles nvarchar(max) = (SELECT STRING_AGG(CAST(N'ALTER SERVER ROLE ' + QUOTENAME(r.name) + N' ADD MEMBER '
  + QUOTENAME(N'{{NAME}}') + N';' AS nvarchar(max)), NCHAR(10))
  FROM sys.server_role_members m JOIN sys.server_principals r ON r.principal_id = m.role_principal_id
  JOIN sys.server_principals l ON l.principal_id = m.member_principal_id WHERE l.name = @login);
PRINT @roles;
IF @roles IS NOT NULL EXEC sys.sp_executesql @roles;
SELECT permission_name, state_desc FROM sys.server_permissions -- these by hand
  WHERE grantee_principal_id = (SELECT principal_id FROM sys.server_principals WHERE name = @login);
