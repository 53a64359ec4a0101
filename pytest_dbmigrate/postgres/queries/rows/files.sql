-- The file that holds each table's rows, whether there is anything in it, and the table's name:
-- TRUNCATE and a rewrite give it another file.
SELECT c.oid::bigint, c.relfilenode::bigint, pg_relation_size(c.oid) > 0,
       quote_ident(n.nspname) || '.' || quote_ident(c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
