-- The largest tables with their indexes and TOAST, in bytes, and their rows as the statistics have
-- them. Reading a size locks the table for a moment, and would wait for a lock against readers.
SELECT /* pytest-dbmigrate */
       format('%I.%I', schemaname, relname), pg_total_relation_size(relid), n_live_tup, n_dead_tup
FROM pg_stat_user_tables
ORDER BY 2 DESC NULLS LAST, 1
LIMIT 20
