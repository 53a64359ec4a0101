-- Options may hold secrets: of a user mapping only their names are read, of a server those whose
-- name says so are masked.
SELECT 'foreign-data wrapper' AS kind, quote_ident(w.fdwname) AS name, '' AS parent,
       concat_ws(' ', CASE WHEN w.fdwhandler <> 0 THEN 'HANDLER ' || w.fdwhandler::regproc END,
                 CASE WHEN w.fdwvalidator <> 0 THEN 'VALIDATOR ' || w.fdwvalidator::regproc END,
                 masked.options) AS definition
FROM pg_foreign_data_wrapper w
CROSS JOIN LATERAL (
    SELECT 'OPTIONS (' || string_agg(CASE WHEN split_part(o, '=', 1) ~* 'pass|secret|key|token|credential'
                                          THEN split_part(o, '=', 1) || '=(hidden)' ELSE o END, ', ' ORDER BY o) || ')' AS options
    FROM unnest(w.fdwoptions) o) masked
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_foreign_data_wrapper'::regclass AND m.objid = w.oid)

UNION ALL
SELECT 'server', quote_ident(s.srvname), '',
       concat_ws(' ', 'TYPE ' || quote_literal(s.srvtype), 'VERSION ' || quote_literal(s.srvversion),
                 'FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname), masked.options)
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
CROSS JOIN LATERAL (
    SELECT 'OPTIONS (' || string_agg(CASE WHEN split_part(o, '=', 1) ~* 'pass|secret|key|token|credential'
                                          THEN split_part(o, '=', 1) || '=(hidden)' ELSE o END, ', ' ORDER BY o) || ')' AS options
    FROM unnest(s.srvoptions) o) masked
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_foreign_server'::regclass AND m.objid = s.oid)

UNION ALL
SELECT 'user mapping', CASE u.umuser WHEN 0 THEN 'PUBLIC' ELSE quote_ident(u.usename) END, 'server ' || quote_ident(u.srvname),
       'OPTIONS (' || coalesce((SELECT string_agg(split_part(o, '=', 1), ', ' ORDER BY o) FROM unnest(u.umoptions) o), '') || ')'
FROM pg_user_mappings u
