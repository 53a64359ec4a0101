-- Tables that users read and write, the busiest first, and whether this role may do so too.
SELECT /* pytest-dbmigrate */
       format('%I.%I', n.nspname, c.relname),
       c.relname,
       has_table_privilege(c.oid, 'SELECT'),
       has_table_privilege(c.oid, 'INSERT') OR has_table_privilege(c.oid, 'UPDATE')
           OR has_table_privilege(c.oid, 'DELETE')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) DESC, c.relpages DESC, 1
