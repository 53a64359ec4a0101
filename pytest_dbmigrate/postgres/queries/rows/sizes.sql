-- Tables with rows of their own and how many bytes they take, TOAST included.
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), pg_table_size(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
