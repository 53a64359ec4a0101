-- A CREATE INDEX CONCURRENTLY that failed leaves one behind: written to, never read.
SELECT c.identity,
       'the index is not valid, so no query uses it',
       CASE WHEN c.relkind = 'I' THEN 'ALTER INDEX ' || c.identity || ' ATTACH PARTITION'
            WHEN k.oid IS NOT NULL THEN 'ALTER TABLE ' || i.indrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(k.conname)
            ELSE 'DROP INDEX ' || c.identity END || ';'
FROM relation c
JOIN pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')
WHERE NOT i.indisvalid
