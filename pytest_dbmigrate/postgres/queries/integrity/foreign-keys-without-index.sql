SELECT quote_ident(k.conname) || ' on ' || c.identity,
       'no index begins with ' || columns.list || ': deleting a referenced row reads the whole table',
       'CREATE INDEX ON ' || c.identity || ' (' || columns.list || ');'
FROM pg_constraint k
JOIN relation c ON c.oid = k.conrelid
CROSS JOIN LATERAL (
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY array_position(k.conkey, a.attnum)) AS list
    FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
) columns
WHERE k.contype = 'f' AND k.conparentid = 0
AND NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND (CAST(i.indkey AS smallint[]))[0:cardinality(k.conkey) - 1] @> k.conkey
)
