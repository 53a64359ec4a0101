-- What there is before a migration: the user's tables with rows of their own, whether their bare name
-- is found on the session's search_path (which is on), and the names
-- of their columns by number (NULL where dropped), as they are and as they are quoted.
SELECT c.oid::bigint, n.nspname::text, c.relname::text,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
       pg_catalog.pg_table_is_visible(c.oid),
       c.relispartition,
       names.plain, names.quoted
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT coalesce(pg_catalog.array_agg(k.name ORDER BY k.attnum), '{}') AS plain,
           coalesce(pg_catalog.array_agg(pg_catalog.quote_ident(k.name) ORDER BY k.attnum), '{}') AS quoted
    FROM (SELECT a.attnum, CASE WHEN NOT a.attisdropped THEN a.attname::text END AS name
          FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) k
) names
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
