SELECT quote_ident(k.conname) || ' on ' || c.identity,
       'rows from before it was made may violate it',
       'ALTER TABLE ' || c.identity || ' VALIDATE CONSTRAINT ' || quote_ident(k.conname) || ';'
FROM pg_constraint k JOIN relation c ON c.oid = k.conrelid
WHERE NOT k.convalidated
AND k.conenforced -- since 18
UNION ALL
SELECT quote_ident(k.conname) || ' on ' || format_type(k.contypid, NULL),
       'values from before it was made may violate it',
       'ALTER DOMAIN ' || format_type(k.contypid, NULL) || ' VALIDATE CONSTRAINT ' || quote_ident(k.conname) || ';'
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN schema s ON s.oid = t.typnamespace
WHERE NOT k.convalidated
