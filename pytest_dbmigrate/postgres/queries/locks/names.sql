-- What there is to be locked by name, with the table of an index; TOAST has its table's locks.
SELECT c.oid::bigint, CASE WHEN n.nspname !~ '^pg_(toast|temp)' THEN quote_ident(n.nspname) || '.' || quote_ident(c.relname) END,
       i.indrelid::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.oid >= 16384
