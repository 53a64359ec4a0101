-- The locks on user relations that this backend holds now, with the table of an index. A relation
-- that was dropped in this transaction is locked, but has no name any more.
SELECT l.relation::bigint, l.mode, quote_ident(n.nspname) || '.' || quote_ident(c.relname), i.indrelid::bigint
FROM pg_locks l
LEFT JOIN pg_class c ON c.oid = l.relation
LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_index i ON i.indexrelid = l.relation
WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.granted AND l.relation >= 16384
AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND coalesce(n.nspname, '') !~ '^pg_(toast|temp)'
