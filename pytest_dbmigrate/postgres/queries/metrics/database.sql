-- What the server counts of this database. Sessions are those of roles (background processes have
-- none) in any database, less our own; every role sees that much. Counters count since stats_reset.
SELECT /* pytest-dbmigrate */
       (SELECT count(*) FROM pg_stat_activity
        WHERE usesysid IS NOT NULL AND datid IS NOT NULL AND pid <> ALL (CAST(:ours AS integer[]))),
       current_setting('max_connections'),
       d.deadlocks,
       d.xact_rollback,
       d.temp_files,
       d.temp_bytes,
       pg_database_size(d.datid),
       coalesce(d.stats_reset::text, ''),
       pg_postmaster_start_time()::text
FROM pg_stat_database d
WHERE d.datname = current_database()
