-- The statements of this database: calls and milliseconds since they were last forgotten, as one JSON
-- value. The versions are those of the extension, which pg_upgrade leaves as it was: 108 is 1.8.
SELECT /* pytest-dbmigrate */
       (SELECT stats_reset::text FROM :schema.pg_stat_statements_info), -- since 109
       '', -- before 109
       coalesce(json_agg(json_build_array(
           s.userid,
           s.queryid,
           s.toplevel, -- since 109
           true, -- before 109
           s.calls,
           s.total_exec_time, -- since 108
           s.total_time, -- before 108
           left(s.query, 300)
       )), '[]')
FROM :schema.pg_stat_statements s
WHERE s.queryid IS NOT NULL
AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
