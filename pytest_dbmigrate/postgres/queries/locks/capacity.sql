-- The size of the lock table all sessions share, what is used of it now, and what the relations of
-- these names would take: themselves, their indexes, TOAST and its index, partitions and children.
WITH RECURSIVE named AS (
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname::text = ANY (CAST(%(names)s AS text[])) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    UNION
    SELECT i.inhrelid FROM named n JOIN pg_inherits i ON i.inhparent = n.oid
)
SELECT current_setting('max_locks_per_transaction')::bigint
           * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
       (SELECT count(*) FROM pg_locks WHERE NOT fastpath),
       (SELECT coalesce(sum(1 + CASE WHEN c.reltoastrelid <> 0 THEN 2 ELSE 0 END
                              + (SELECT count(*) FROM pg_index x WHERE x.indrelid = c.oid)), 0)
        FROM named n JOIN pg_class c ON c.oid = n.oid)::bigint
