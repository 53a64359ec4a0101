-- The tables that TRUNCATE would empty: with children and partitions unless ONLY, and with CASCADE
-- those whose foreign keys point here, with theirs. The session's own search_path is on.
WITH RECURSIVE truncated AS (
    SELECT pg_catalog.to_regclass(%(name)s)::oid AS relid, NOT %(only)s AS whole
    UNION
    SELECT next.relid, true
    FROM truncated t
    CROSS JOIN LATERAL (
        SELECT i.inhrelid AS relid FROM pg_catalog.pg_inherits i WHERE i.inhparent = t.relid AND t.whole
        UNION ALL
        SELECT k.conrelid FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.confrelid = t.relid AND %(cascade)s
    ) next
)
SELECT DISTINCT c.oid::bigint, 0, NULL::text,
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM truncated t
JOIN pg_catalog.pg_class c ON c.oid = t.relid AND c.relkind = 'r' AND c.relpersistence <> 't'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY 1
