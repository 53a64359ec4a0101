SELECT quote_ident(p.polname) || ' on ' || c.identity,
       'row security of the table is off, so the policy does nothing',
       'ALTER TABLE ' || c.identity || ' ENABLE ROW LEVEL SECURITY;'
FROM pg_policy p JOIN relation c ON c.oid = p.polrelid
WHERE NOT c.relrowsecurity
