-- Changing a column's type removes its statistics; the planner then guesses until ANALYZE. Told only
-- of tables with rows that have been analyzed (reltuples is -1 after a rewrite), and only where this
-- role may see their statistics.
SELECT c.identity || '.' || quote_ident(a.attname), 'has no statistics', 'ANALYZE ' || c.identity || ';'
FROM relation c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    AND a.attstattarget IS DISTINCT FROM 0 AND a.attgenerated <> 'v'
LEFT JOIN pg_stat_all_tables u ON u.relid = c.oid
WHERE c.relkind = 'r' AND c.reltuples <> 0 AND pg_relation_size(c.oid) > 0
AND has_column_privilege(c.oid, a.attnum, 'SELECT') AND NOT row_security_active(c.oid)
AND NOT EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = c.relnamespace::regnamespace::name AND s.tablename = c.relname AND s.attname = a.attname)
AND (coalesce(u.last_analyze, u.last_autoanalyze) IS NOT NULL
     OR EXISTS (SELECT FROM pg_stats s WHERE s.schemaname = c.relnamespace::regnamespace::name AND s.tablename = c.relname))
