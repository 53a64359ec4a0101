-- Sequences that give a column its values, for sequences-behind, which then asks each for where it
-- stands and its column for how far it has come. Without an index a large table is not read.
SELECT q.identity,
       t.identity || '.' || quote_ident(a.attname),
       '(SELECT ' || CASE WHEN s.seqincrement > 0 THEN 'max' ELSE 'min' END || '(' || quote_ident(a.attname) || ') FROM ' || t.identity || ')',
       s.seqincrement > 0,
       t.relpages < 10000 OR EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisvalid AND i.indkey[0] = a.attnum)
FROM relation q
JOIN pg_sequence s ON s.seqrelid = q.oid
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = q.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN relation t ON t.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE NOT s.seqcycle AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
