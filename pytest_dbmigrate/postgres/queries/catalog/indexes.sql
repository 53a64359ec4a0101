SELECT 'index' AS kind,
       c.identity AS name,
       i.indrelid::regclass::text AS parent,
       concat_ws(' ',
           pg_get_indexdef(c.oid),
           'TABLESPACE ' || quote_ident(ts.spcname),
           CASE WHEN i.indisclustered THEN 'CLUSTER' END,
           CASE WHEN i.indisreplident THEN 'REPLICA IDENTITY' END,
           'PARTITION OF ' || h.inhparent::regclass,
           CASE WHEN NOT i.indisvalid THEN 'INVALID' END
       ) AS definition
FROM relation c
JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))

UNION ALL
SELECT 'statistics target', a.attname, c.identity, a.attstattarget::text
FROM relation c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attstattarget >= 0
WHERE c.relkind IN ('i', 'I')

UNION ALL
SELECT 'statistics', s.name || '.' || quote_ident(x.stxname), x.stxrelid::regclass::text,
       concat_ws(' ', pg_get_statisticsobjdef(x.oid), CASE WHEN x.stxstattarget >= 0 THEN 'STATISTICS ' || x.stxstattarget END)
FROM pg_statistic_ext x JOIN schema s ON s.oid = x.stxnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_statistic_ext'::regclass AND m.objid = x.oid)
