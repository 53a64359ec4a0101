SELECT 'schema' AS kind, s.name AS name, '' AS parent, 'SCHEMA' AS definition
FROM schema s
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_namespace'::regclass AND m.objid = s.oid)

UNION ALL
SELECT 'extension', quote_ident(e.extname), '', 'VERSION ' || quote_literal(e.extversion) || ' SCHEMA ' || quote_ident(n.nspname)
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace

UNION ALL
SELECT 'database', 'database', '',
       concat_ws(' ', 'ALLOW_CONNECTIONS ' || datallowconn, 'CONNECTION LIMIT ' || datconnlimit, 'IS_TEMPLATE ' || datistemplate,
                 'TABLESPACE ' || (SELECT quote_ident(spcname) FROM pg_tablespace t WHERE t.oid = dattablespace))
FROM pg_database WHERE datname = current_database()

UNION ALL
-- The value of a custom setting (with a dot in its name) may be a secret: only that it is set.
SELECT 'database setting', concat_ws(' ', split_part(setting, '=', 1), 'FOR ROLE ' || quote_ident(r.rolname)), '',
       CASE WHEN split_part(setting, '=', 1) ~ '[.]' THEN '(set)' ELSE substr(setting, strpos(setting, '=') + 1) END
FROM pg_db_role_setting d
LEFT JOIN pg_roles r ON r.oid = d.setrole
CROSS JOIN LATERAL unnest(d.setconfig) setting
WHERE d.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())

UNION ALL
SELECT 'publication', quote_ident(p.pubname), '',
       concat_ws(' ',
           CASE WHEN p.puballtables THEN 'FOR ALL TABLES' END,
           'PUBLISH (' || concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,
                                          CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) || ')',
           CASE WHEN p.pubgencols <> 'n' THEN 'GENERATED COLUMNS' END, -- since 18
           CASE WHEN p.pubviaroot THEN 'VIA PARTITION ROOT' END)
FROM pg_publication p

UNION ALL
SELECT 'publication member', quote_ident(p.pubname), m.prrelid::regclass::text,
       concat_ws(' ', 'TABLE',
           (SELECT '(' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')' -- since 15
            FROM pg_attribute a WHERE a.attrelid = m.prrelid AND a.attnum = ANY (m.prattrs)), -- since 15
           'WHERE ' || pg_get_expr(m.prqual, m.prrelid), -- since 15
           '')
FROM pg_publication_rel m JOIN pg_publication p ON p.oid = m.prpubid

UNION ALL -- since 15
SELECT 'publication member', quote_ident(p.pubname), 'schema ' || quote_ident(n.nspname), 'TABLES IN SCHEMA' -- since 15
FROM pg_publication_namespace m JOIN pg_publication p ON p.oid = m.pnpubid JOIN pg_namespace n ON n.oid = m.pnnspid -- since 15

UNION ALL
-- Not the connection string: it has a password, and only superusers may read it.
SELECT 'subscription', quote_ident(u.subname), '',
       concat_ws(' ', CASE WHEN NOT u.subenabled THEN 'DISABLED' END, 'SLOT ' || quote_ident(u.subslotname),
                 'PUBLICATION ' || array_to_string(u.subpublications, ', '))
FROM pg_subscription u WHERE u.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
