-- Stands before the queries of catalog/ and integrity/: what belongs to the user. Not in it:
-- PostgreSQL's own schemas, temporary objects, members of extensions. `search_path` is pg_catalog when
-- these run, so that every name of the user's comes out qualified and quoted.
WITH member AS MATERIALIZED (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
), schema AS (
    SELECT oid, quote_ident(nspname) AS name, nspname, nspowner, nspacl
    FROM pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
), relation AS NOT MATERIALIZED (
    SELECT c.*, s.name || '.' || quote_ident(c.relname) AS identity
    FROM pg_class c JOIN schema s ON s.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
)
