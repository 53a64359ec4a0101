-- The tables and columns that a statement would take with it, by the rules of DROP: what depends
-- automatically or internally always goes, everything else only with CASCADE. The session's own
-- search_path is on, as it will be for the statement, so everything here is qualified.
WITH RECURSIVE start AS (
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::oid AS classid,
           pg_catalog.to_regclass(%(name)s)::oid AS objid, 0 AS objsubid
    WHERE %(kind)s IN ('table', 'column', 'truncate')
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, pg_catalog.to_regtype(%(name)s)::oid, 0 WHERE %(kind)s = 'type'
    UNION ALL
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass, oid, 0 FROM pg_catalog.pg_namespace
    WHERE %(kind)s = 'schema' AND ARRAY[nspname::text] = pg_catalog.parse_ident(%(name)s)
    UNION ALL
    SELECT 'pg_catalog.pg_extension'::pg_catalog.regclass, oid, 0 FROM pg_catalog.pg_extension
    WHERE %(kind)s = 'extension' AND ARRAY[extname::text] = pg_catalog.parse_ident(%(name)s)
), family AS (
    -- The table of TRUNCATE or DROP COLUMN with its children and partitions, unless ONLY. A child
    -- keeps a column that it declares itself or has from another parent too.
    SELECT objid AS relid FROM start WHERE %(kind)s IN ('column', 'truncate') AND objid IS NOT NULL
    UNION
    SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.relid
    WHERE NOT %(only)s
    AND (%(kind)s = 'truncate' OR EXISTS (
        SELECT FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = i.inhrelid AND NOT a.attislocal AND a.attinhcount = 1
        AND ARRAY[a.attname::text] = pg_catalog.parse_ident(%(column)s)))
), truncated AS (
    -- TRUNCATE … CASCADE goes on to the tables whose foreign keys point here, and their children.
    SELECT relid FROM family WHERE %(kind)s = 'truncate'
    UNION
    SELECT next.relid
    FROM truncated t
    CROSS JOIN LATERAL (
        SELECT k.conrelid AS relid FROM pg_catalog.pg_constraint k WHERE k.contype = 'f' AND k.confrelid = t.relid
        UNION ALL
        SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = t.relid
    ) next
    WHERE %(cascade)s
), dropped (classid, objid, objsubid) AS (
    SELECT classid, objid, objsubid::integer FROM start WHERE %(kind)s NOT IN ('column', 'truncate') AND objid IS NOT NULL
    UNION
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, a.attrelid, a.attnum
    FROM family f
    JOIN pg_catalog.pg_attribute a ON a.attrelid = f.relid AND NOT a.attisdropped
        AND ARRAY[a.attname::text] = pg_catalog.parse_ident(%(column)s)
    WHERE %(kind)s = 'column'
    UNION
    SELECT d.classid, d.objid, d.objsubid
    FROM dropped x
    JOIN pg_catalog.pg_depend d ON d.refclassid = x.classid AND d.refobjid = x.objid
        AND (x.objsubid = 0 OR d.refobjsubid = x.objsubid)
    WHERE d.deptype IN ('a', 'i', 'e', 'P', 'S') OR (d.deptype = 'n' AND %(cascade)s)
), taken AS (
    SELECT relid, 0 AS attnum FROM truncated
    UNION
    SELECT objid, objsubid FROM dropped d
    WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND (objsubid = 0 OR NOT EXISTS (SELECT FROM dropped whole WHERE whole.classid = d.classid AND whole.objid = d.objid AND whole.objsubid = 0))
)
SELECT c.oid::bigint, t.attnum::integer, pg_catalog.quote_ident(a.attname),
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM taken t
JOIN pg_catalog.pg_class c ON c.oid = t.relid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = t.attnum AND t.attnum > 0
WHERE c.relkind = 'r' AND c.relpersistence <> 't'
ORDER BY c.oid, t.attnum
