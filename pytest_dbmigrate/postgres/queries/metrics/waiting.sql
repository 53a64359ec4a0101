-- Sessions of this database that wait for a lock, the longest wait first, and whom they wait for.
-- Every role sees them; what they run is not read.
SELECT /* pytest-dbmigrate */
       w.pid,
       w.mode,
       coalesce((SELECT format('%I.%I', n.nspname, c.relname)
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.oid = w.relation), w.locktype),
       array_to_string(pg_blocking_pids(w.pid), ', '),
       extract(epoch FROM clock_timestamp() - w.waitstart) -- since 14
       NULL -- before 14
FROM pg_locks w
JOIN pg_stat_activity a ON a.pid = w.pid
WHERE NOT w.granted AND w.pid <> ALL (CAST(:ours AS integer[]))
AND a.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 5 DESC NULLS LAST, 1
