-- The tables and columns that a DROP would take with it, by its rules: what depends automatically or
-- internally always goes, everything else only with CASCADE. The session's own search_path is on, as
-- it will be for the statement, so everything here is qualified.
WITH RECURSIVE dropped (classid, objid, objsubid) AS (
    SELECT CASE %(kind)s WHEN 'type' THEN 'pg_catalog.pg_type'::pg_catalog.regclass::oid
                         WHEN 'schema' THEN 'pg_catalog.pg_namespace'::pg_catalog.regclass
                         WHEN 'extension' THEN 'pg_catalog.pg_extension'::pg_catalog.regclass
                         ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END,
           CASE %(kind)s WHEN 'type' THEN pg_catalog.to_regtype(%(name)s)::oid
                         WHEN 'schema' THEN (SELECT oid FROM pg_catalog.pg_namespace WHERE ARRAY[nspname::text] = pg_catalog.parse_ident(%(name)s))
                         WHEN 'extension' THEN (SELECT oid FROM pg_catalog.pg_extension WHERE ARRAY[extname::text] = pg_catalog.parse_ident(%(name)s))
                         ELSE pg_catalog.to_regclass(%(name)s)::oid END,
           0
    UNION
    SELECT d.classid, d.objid, d.objsubid
    FROM dropped x
    JOIN pg_catalog.pg_depend d ON d.refclassid = x.classid AND d.refobjid = x.objid
        AND (x.objsubid = 0 OR d.refobjsubid = x.objsubid)
    WHERE d.deptype IN ('a', 'i', 'e', 'P', 'S') OR (d.deptype = 'n' AND %(cascade)s)
)
SELECT c.oid::bigint, d.objsubid, pg_catalog.quote_ident(a.attname),
       pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM dropped d
JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind = 'r' AND c.relpersistence <> 't'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
AND (d.objsubid = 0 OR NOT EXISTS (SELECT FROM dropped whole WHERE whole.classid = d.classid AND whole.objid = d.objid AND whole.objsubid = 0))
ORDER BY c.oid, d.objsubid
