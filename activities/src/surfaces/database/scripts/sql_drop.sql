-- Run as an administrator from Entra, in every database of the server; what it owns goes to the user of the other identity.
DECLARE @gone sysname = (SELECT TOP (1) name FROM sys.database_principals WHERE type = 'E'
  AND SUBSTRING(sid, 1, 16) = CAST(CAST('{{FROM_CLIENT}}' AS uniqueidentifier) AS varbinary(16)));
DECLARE @heir sysname = ISNULL((SELECT TOP (1) name FROM sys.database_principals WHERE type = 'E'
  AND SUBSTRING(sid, 1, 16) = CAST(CAST('{{TO_CLIENT}}' AS uniqueidentifier) AS varbinary(16))), N'dbo');
DECLARE @do nvarchar(max) = (SELECT STRING_AGG(CAST(line AS nvarchar(max)), NCHAR(10)) FROM (
  SELECT N'ALTER AUTHORIZATION ON SCHEMA::' + QUOTENAME(name) + N' TO ' + QUOTENAME(@heir) + N';' AS line
    FROM sys.schemas WHERE principal_id = DATABASE_PRINCIPAL_ID(@gone)
  UNION ALL SELECT N'ALTER AUTHORIZATION ON ROLE::' + QUOTENAME(name) + N' TO ' + QUOTENAME(@heir) + N';'
    FROM sys.database_principals WHERE type = 'R' AND owning_principal_id = DATABASE_PRINCIPAL_ID(@gone)
  UNION ALL SELECT N'ALTER AUTHORIZATION ON OBJECT::' + QUOTENAME(SCHEMA_NAME(schema_id)) + N'.' + QUOTENAME(name) + N' TO '
    + QUOTENAME(@heir) + N';' FROM sys.objects WHERE principal_id = DATABASE_PRINCIPAL_ID(@gone)
) AS lines);
PRINT @do;
IF @do IS NOT NULL EXEC sys.sp_executesql @do;
DECLARE @drop nvarchar(max) = N'DROP USER ' + QUOTENAME(@gone) + N';';
PRINT @drop;
IF @drop IS NOT NULL EXEC sys.sp_executesql @drop;
GO
-- in master only, where there is a login
DECLARE @drop nvarchar(max) = (SELECT TOP (1) N'DROP LOGIN ' + QUOTENAME(name) + N';' FROM sys.server_principals WHERE type = 'E'
  AND SUBSTRING(sid, 1, 16) = CAST(CAST('{{FROM_CLIENT}}' AS uniqueidentifier) AS varbinary(16)));
PRINT @drop;
IF @drop IS NOT NULL EXEC sys.sp_executesql @drop;
