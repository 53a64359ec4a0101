-- Where pg_stat_statements is, of which version, and whether this role sees other roles' statements.
SELECT /* pytest-dbmigrate */
       quote_ident(n.nspname), e.extversion, pg_has_role('pg_read_all_stats', 'USAGE'), current_user
FROM pg_extension e
JOIN pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
