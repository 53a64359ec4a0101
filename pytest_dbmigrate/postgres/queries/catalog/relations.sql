SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                      WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
       c.identity AS name,
       '' AS parent,
       concat_ws(' ',
           CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
           CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                          WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END,
           CASE c.relkind WHEN 'p' THEN 'PARTITION BY ' || pg_get_partkeydef(c.oid) END,
           CASE WHEN c.reloftype <> 0 THEN 'OF ' || c.reloftype::regtype END,
           'USING ' || quote_ident(am.amname),
           'WITH (' || array_to_string(c.reloptions, ', ') || ')',
           'TOAST WITH (' || array_to_string(toast.reloptions, ', ') || ')',
           'TABLESPACE ' || quote_ident(ts.spcname),
           CASE c.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL'
                               WHEN 'n' THEN CASE WHEN c.relkind IN ('r', 'p') THEN 'REPLICA IDENTITY NOTHING' END END,
           'SERVER ' || quote_ident(fs.srvname),
           'OPTIONS (' || array_to_string(ft.ftoptions, ', ') || ')',
           CASE WHEN c.relkind IN ('v', 'm') THEN 'AS ' || btrim(pg_get_viewdef(c.oid)) END
       ) AS definition
FROM relation c
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_am am ON am.oid = c.relam AND am.amname <> 'heap'
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_foreign_table ft ON ft.ftrelid = c.oid
LEFT JOIN pg_foreign_server fs ON fs.oid = ft.ftserver
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')

UNION ALL
-- The order of columns is compared apart from the columns: `INSERT` without a list depends on it.
SELECT 'column order', '', c.identity, json_agg(a.attname ORDER BY a.attnum)::text
FROM relation c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'f')
GROUP BY c.identity

UNION ALL
SELECT 'row security', '', c.identity,
       concat_ws(', ', CASE WHEN c.relrowsecurity THEN 'enabled' END,
                       CASE WHEN c.relforcerowsecurity THEN 'forced' END)
FROM relation c
WHERE c.relrowsecurity OR c.relforcerowsecurity

UNION ALL
SELECT CASE WHEN c.relispartition THEN 'partition' ELSE 'inheritance' END, '', c.identity,
       concat_ws(' ',
           'OF ' || string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno),
           CASE WHEN bool_or(i.inhdetachpending) THEN 'DETACH PENDING' END, -- since 14
           pg_get_expr(c.relpartbound, c.oid))
FROM relation c
JOIN pg_inherits i ON i.inhrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'f')
GROUP BY c.oid, c.identity, c.relispartition, c.relpartbound
