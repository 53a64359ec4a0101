-- The relations that names lead to for this session, NULL where to none; its search_path is on.
SELECT given.name, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
FROM pg_catalog.unnest(CAST(%(names)s AS text[])) WITH ORDINALITY AS given (name, place)
LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(given.name)
LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY given.place
