-- The columns that DROP COLUMN would take: the table's own and, unless ONLY, those of its children
-- and partitions that have it from there alone. The session's own search_path is on.
WITH RECURSIVE family AS (
    SELECT pg_catalog.to_regclass(%(name)s)::oid AS relid
    UNION
    SELECT i.inhrelid
    FROM family f
    JOIN pg_catalog.pg_inherits i ON i.inhparent = f.relid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.inhrelid AND ARRAY[a.attname::text] = pg_catalog.parse_ident(%(column)s)
    WHERE NOT %(only)s AND NOT a.attislocal AND a.attinhcount = 1
)
SELECT c.oid::bigint, a.attnum::integer, pg_catalog.quote_ident(a.attname),
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM family f
JOIN pg_catalog.pg_class c ON c.oid = f.relid AND c.relkind = 'r' AND c.relpersistence <> 't'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND ARRAY[a.attname::text] = pg_catalog.parse_ident(%(column)s)
ORDER BY c.oid
