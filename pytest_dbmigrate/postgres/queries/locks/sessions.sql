-- Other sessions and prepared transactions: those that block a backend (%(blocked)s), or, where that
-- is NULL, those that hold locks on user relations (of %(relations)s, NULL for all). Of a session
-- that this role may not see, user and application are known, state and times are not. A prepared
-- transaction blocks as pid 0; in pg_locks it has no pid, but the lock on its own number.
WITH held AS (
    SELECT l.pid, l.virtualtransaction, l.mode, quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS relation
    FROM pg_locks l
    JOIN pg_class c ON c.oid = l.relation
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.locktype = 'relation' AND l.granted AND c.relkind NOT IN ('i', 'I')
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), chosen AS (
    SELECT pid, NULL AS prepared FROM unnest(pg_blocking_pids(CAST(%(blocked)s AS integer))) AS pid WHERE pid <> 0
    UNION
    SELECT 0, l.virtualtransaction
    FROM pg_locks w
    JOIN pg_locks l ON l.pid IS NULL AND l.granted AND l.locktype = w.locktype
        AND l.database IS NOT DISTINCT FROM w.database AND l.relation IS NOT DISTINCT FROM w.relation
        AND l.page IS NOT DISTINCT FROM w.page AND l.tuple IS NOT DISTINCT FROM w.tuple
        AND l.transactionid IS NOT DISTINCT FROM w.transactionid
        AND l.classid IS NOT DISTINCT FROM w.classid AND l.objid IS NOT DISTINCT FROM w.objid
        AND l.objsubid IS NOT DISTINCT FROM w.objsubid
    WHERE w.pid = CAST(%(blocked)s AS integer) AND NOT w.granted
    UNION
    SELECT coalesce(pid, 0), CASE WHEN pid IS NULL THEN virtualtransaction END
    FROM held
    WHERE CAST(%(blocked)s AS integer) IS NULL
    AND (CAST(%(relations)s AS text[]) IS NULL OR relation = ANY (CAST(%(relations)s AS text[])))
    AND coalesce(pid, 0) <> ALL (CAST(%(ours)s AS integer[]) || pg_backend_pid())
)
SELECT x.pid,
       coalesce(a.usename, p.owner, '')::text,
       coalesce(a.application_name, ''),
       coalesce(a.backend_type, ''),
       CASE WHEN p.gid IS NOT NULL THEN 'prepared' ELSE coalesce(a.state, '') END,
       CAST(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, p.prepared)) AS double precision),
       CAST(extract(epoch FROM clock_timestamp() - a.query_start) AS double precision),
       coalesce(p.gid, ''),
       p.gid IS NOT NULL OR coalesce(a.query <> '<insufficient privilege>', false),
       (SELECT coalesce(array_agg(ARRAY[h.relation, h.mode] ORDER BY h.relation COLLATE "C", h.mode COLLATE "C"), '{}')
        FROM held h WHERE h.pid = x.pid OR (h.pid IS NULL AND h.virtualtransaction = x.prepared))
FROM chosen x
LEFT JOIN pg_stat_activity a ON a.pid = x.pid
LEFT JOIN pg_locks own ON own.pid IS NULL AND own.locktype = 'transactionid' AND own.virtualtransaction = x.prepared
LEFT JOIN pg_prepared_xacts p ON p.transaction = own.transactionid
ORDER BY x.pid, p.gid
