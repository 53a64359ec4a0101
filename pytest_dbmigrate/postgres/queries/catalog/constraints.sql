-- The index behind a key belongs to the key; indexes.sql has the others. A foreign key whose own
-- triggers are off (ALTER TABLE DISABLE TRIGGER ALL) is not enforced, which pg_dump does not show.
SELECT CASE k.contype WHEN 'p' THEN 'primary key' WHEN 'u' THEN 'unique constraint'
                      WHEN 'c' THEN 'check constraint' WHEN 'x' THEN 'exclusion constraint'
                      ELSE 'foreign key' END AS kind,
       quote_ident(k.conname) AS name,
       c.identity AS parent,
       concat_ws(' ',
           pg_get_constraintdef(k.oid),
           'WITH (' || array_to_string(ic.reloptions, ', ') || ')',
           'TABLESPACE ' || quote_ident(ts.spcname),
           CASE WHEN i.indisclustered THEN 'CLUSTER' END,
           CASE WHEN i.indisreplident THEN 'REPLICA IDENTITY' END,
           CASE WHEN NOT i.indisvalid THEN 'INVALID' END,
           off.triggers
       ) AS definition
FROM pg_constraint k
JOIN relation c ON c.oid = k.conrelid
LEFT JOIN pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class ic ON ic.oid = i.indexrelid
LEFT JOIN pg_tablespace ts ON ts.oid = ic.reltablespace
LEFT JOIN (
    SELECT tgconstraint, 'TRIGGERS OFF: ' || string_agg(tgrelid::regclass::text, ', ' ORDER BY tgrelid::regclass::text) AS triggers
    FROM pg_trigger WHERE tgisinternal AND tgenabled <> 'O' GROUP BY tgconstraint
) off ON off.tgconstraint = k.oid
WHERE k.contype IN ('p', 'u', 'c', 'x', 'f')
