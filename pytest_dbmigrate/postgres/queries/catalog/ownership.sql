-- `object` is everything that has an owner or privileges; `parent` is the name that what hangs on it
-- is listed under. A grant is listed where it differs from what the object has by itself: the
-- built-in default, or what its extension gave it. Members of extensions have grants of the user's.
, object AS MATERIALIZED (
    SELECT 'pg_class'::regclass AS classid, c.oid AS objid, c.identity AS parent, c.relowner AS owner, c.relacl AS acl,
           CASE WHEN c.relkind IN ('i', 'I', 'c') THEN NULL WHEN c.relkind = 'S' THEN 's' ELSE 'r' END AS acl_kind
    FROM relation c
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'pg_namespace'::regclass, s.oid, 'schema ' || s.name, s.nspowner, s.nspacl, 'n'
    FROM schema s
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid,
           CASE p.prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END
           || s.name || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')',
           p.proowner, p.proacl, 'f'
    FROM pg_proc p JOIN schema s ON s.oid = p.pronamespace
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, CASE t.typtype WHEN 'd' THEN 'domain ' ELSE 'type ' END || format_type(t.oid, NULL),
           t.typowner, t.typacl, 'T'
    FROM pg_type t JOIN schema s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typtype <> 'm' AND (t.typrelid = 0 OR c.relkind = 'c')
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
    UNION ALL
    SELECT 'pg_language'::regclass, oid, 'language ' || quote_ident(lanname), lanowner, lanacl, 'l' FROM pg_language WHERE lanispl
    UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, oid, 'foreign-data wrapper ' || quote_ident(fdwname), fdwowner, fdwacl, 'F' FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'pg_foreign_server'::regclass, oid, 'server ' || quote_ident(srvname), srvowner, srvacl, 'S' FROM pg_foreign_server
    UNION ALL
    SELECT 'pg_database'::regclass, oid, 'database', datdba, datacl, 'd' FROM pg_database WHERE datname = current_database()
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, x.oid, 'statistics ' || s.name || '.' || quote_ident(x.stxname), x.stxowner, NULL, NULL
    FROM pg_statistic_ext x JOIN schema s ON s.oid = x.stxnamespace
    UNION ALL
    SELECT 'pg_collation'::regclass, l.oid, 'collation ' || s.name || '.' || quote_ident(l.collname), l.collowner, NULL, NULL
    FROM pg_collation l JOIN schema s ON s.oid = l.collnamespace
    UNION ALL
    SELECT 'pg_conversion'::regclass, v.oid, 'conversion ' || s.name || '.' || quote_ident(v.conname), v.conowner, NULL, NULL
    FROM pg_conversion v JOIN schema s ON s.oid = v.connamespace
    UNION ALL
    SELECT 'pg_operator'::regclass, o.oid, 'operator ' || o.oid::regoperator, o.oprowner, NULL, NULL
    FROM pg_operator o JOIN schema s ON s.oid = o.oprnamespace
    UNION ALL
    SELECT 'pg_opclass'::regclass, o.oid, 'operator class ' || s.name || '.' || quote_ident(o.opcname) || ' USING ' || quote_ident(a.amname), o.opcowner, NULL, NULL
    FROM pg_opclass o JOIN schema s ON s.oid = o.opcnamespace JOIN pg_am a ON a.oid = o.opcmethod
    UNION ALL
    SELECT 'pg_opfamily'::regclass, o.oid, 'operator family ' || s.name || '.' || quote_ident(o.opfname) || ' USING ' || quote_ident(a.amname), o.opfowner, NULL, NULL
    FROM pg_opfamily o JOIN schema s ON s.oid = o.opfnamespace JOIN pg_am a ON a.oid = o.opfmethod
    UNION ALL
    SELECT 'pg_ts_config'::regclass, x.oid, 'text search configuration ' || s.name || '.' || quote_ident(x.cfgname), x.cfgowner, NULL, NULL
    FROM pg_ts_config x JOIN schema s ON s.oid = x.cfgnamespace
    UNION ALL
    SELECT 'pg_ts_dict'::regclass, x.oid, 'text search dictionary ' || s.name || '.' || quote_ident(x.dictname), x.dictowner, NULL, NULL
    FROM pg_ts_dict x JOIN schema s ON s.oid = x.dictnamespace
    UNION ALL
    SELECT 'pg_publication'::regclass, oid, 'publication ' || quote_ident(pubname), pubowner, NULL, NULL FROM pg_publication
    UNION ALL
    SELECT 'pg_subscription'::regclass, 0, 'subscription ' || quote_ident(subname), subowner, NULL, NULL
    FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT 'pg_event_trigger'::regclass, oid, 'event trigger ' || quote_ident(evtname), evtowner, NULL, NULL FROM pg_event_trigger
)
, entry AS (
    SELECT o.parent, item.item, x.grantee, x.privilege_type, x.is_grantable, x.grantor, o.owner
    FROM object o
    LEFT JOIN pg_init_privs ip ON ip.classoid = o.classid AND ip.objoid = o.objid AND ip.objsubid = 0
    CROSS JOIN LATERAL (SELECT coalesce(ip.initprivs, acldefault(o.acl_kind::"char", o.owner)) AS acl) usual
    CROSS JOIN LATERAL unnest(o.acl) item
    CROSS JOIN LATERAL aclexplode(ARRAY[item.item]) x
    WHERE NOT item.item = ANY (usual.acl)
    UNION ALL
    SELECT o.parent, NULL, x.grantee, NULL, NULL, NULL, NULL
    FROM object o
    LEFT JOIN pg_init_privs ip ON ip.classoid = o.classid AND ip.objoid = o.objid AND ip.objsubid = 0
    CROSS JOIN LATERAL aclexplode(coalesce(ip.initprivs, acldefault(o.acl_kind::"char", o.owner))) x
    WHERE o.acl IS NOT NULL AND NOT EXISTS (SELECT FROM aclexplode(o.acl) mine WHERE mine.grantee = x.grantee)
    GROUP BY o.parent, x.grantee
)
SELECT 'owner' AS kind, '' AS name, o.parent AS parent, quote_ident(pg_get_userbyid(o.owner)) AS definition
FROM object o
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = o.classid AND m.objid = o.objid)

UNION ALL
SELECT 'grant', CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(e.grantee)) END, e.parent,
       coalesce(string_agg(concat_ws(' ', e.privilege_type,
                                     CASE WHEN e.is_grantable THEN 'WITH GRANT OPTION' END,
                                     CASE WHEN e.grantor <> e.owner THEN 'BY ' || quote_ident(pg_get_userbyid(e.grantor)) END),
                           ', ' ORDER BY e.privilege_type COLLATE "C", e.grantor::regrole::text COLLATE "C") FILTER (WHERE e.item IS NOT NULL),
                'nothing')
FROM entry e
GROUP BY e.grantee, e.parent

UNION ALL
SELECT 'column grant',
       CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END || ' (' || quote_ident(a.attname) || ')',
       c.identity,
       string_agg(concat_ws(' ', x.privilege_type, CASE WHEN x.is_grantable THEN 'WITH GRANT OPTION' END,
                            CASE WHEN x.grantor <> c.relowner THEN 'BY ' || quote_ident(pg_get_userbyid(x.grantor)) END),
                  ', ' ORDER BY x.privilege_type COLLATE "C", x.grantor::regrole::text COLLATE "C")
FROM relation c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
CROSS JOIN LATERAL aclexplode(a.attacl) x
GROUP BY x.grantee, a.attname, c.identity

UNION ALL
SELECT 'default privileges',
       concat_ws(' ', 'FOR ROLE ' || quote_ident(pg_get_userbyid(d.defaclrole)), 'IN SCHEMA ' || quote_ident(n.nspname),
                 'ON ' || CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                                               WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END),
       '',
       coalesce((SELECT string_agg(concat_ws(' ', x.privilege_type, 'TO',
                                             CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END,
                                             CASE WHEN x.is_grantable THEN 'WITH GRANT OPTION' END),
                                   ', ' ORDER BY x.grantee::regrole::text COLLATE "C", x.privilege_type COLLATE "C")
                 FROM aclexplode(d.defaclacl) x), 'nothing')
FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
