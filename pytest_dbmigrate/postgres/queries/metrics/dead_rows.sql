-- Dead rows of all tables, and by name those that have most of them.
SELECT /* pytest-dbmigrate */
       coalesce(sum(n_dead_tup), 0),
       coalesce((SELECT string_agg(format('%I.%I: %s', schemaname, relname, n_dead_tup), E'\n')
                 FROM (SELECT schemaname, relname, n_dead_tup FROM pg_stat_user_tables
                       WHERE n_dead_tup > 0 ORDER BY n_dead_tup DESC, 1, 2 LIMIT 5) most), '')
FROM pg_stat_user_tables
