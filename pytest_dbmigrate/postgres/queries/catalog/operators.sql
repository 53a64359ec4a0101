SELECT 'operator' AS kind, o.oid::regoperator::text AS name, '' AS parent,
       concat_ws(' ', 'FUNCTION ' || o.oprcode,
           CASE WHEN o.oprcom <> 0 THEN 'COMMUTATOR ' || o.oprcom::regoperator END,
           CASE WHEN o.oprnegate <> 0 THEN 'NEGATOR ' || o.oprnegate::regoperator END,
           CASE WHEN o.oprrest <> 0 THEN 'RESTRICT ' || o.oprrest END,
           CASE WHEN o.oprjoin <> 0 THEN 'JOIN ' || o.oprjoin END,
           CASE WHEN o.oprcanmerge THEN 'MERGES' END, CASE WHEN o.oprcanhash THEN 'HASHES' END) AS definition
FROM pg_operator o JOIN schema s ON s.oid = o.oprnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_operator'::regclass AND m.objid = o.oid)

UNION ALL
SELECT 'operator class', s.name || '.' || quote_ident(c.opcname) || ' USING ' || quote_ident(a.amname), '',
       concat_ws(' ', CASE WHEN c.opcdefault THEN 'DEFAULT' END, 'FOR TYPE ' || format_type(c.opcintype, NULL),
           'FAMILY ' || quote_ident(fn.nspname) || '.' || quote_ident(f.opfname),
           CASE WHEN c.opckeytype <> 0 THEN 'STORAGE ' || format_type(c.opckeytype, NULL) END)
FROM pg_opclass c JOIN schema s ON s.oid = c.opcnamespace JOIN pg_am a ON a.oid = c.opcmethod
JOIN pg_opfamily f ON f.oid = c.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_opclass'::regclass AND m.objid = c.oid)

UNION ALL
SELECT 'operator family', s.name || '.' || quote_ident(f.opfname) || ' USING ' || quote_ident(a.amname), '',
       concat_ws(', ',
           (SELECT string_agg('OPERATOR ' || o.amopstrategy || ' ' || o.amopopr::regoperator
                              || coalesce(' FOR ORDER BY ' || quote_ident(sn.nspname) || '.' || quote_ident(sf.opfname), ''),
                              ', ' ORDER BY o.amopstrategy, o.amopopr::regoperator::text COLLATE "C")
            FROM pg_amop o LEFT JOIN pg_opfamily sf ON sf.oid = o.amopsortfamily LEFT JOIN pg_namespace sn ON sn.oid = sf.opfnamespace
            WHERE o.amopfamily = f.oid),
           (SELECT string_agg('FUNCTION ' || p.amprocnum || ' (' || format_type(p.amproclefttype, NULL) || ', '
                              || format_type(p.amprocrighttype, NULL) || ') ' || p.amproc::regprocedure,
                              ', ' ORDER BY p.amprocnum, p.amproc::regprocedure::text COLLATE "C")
            FROM pg_amproc p WHERE p.amprocfamily = f.oid))
FROM pg_opfamily f JOIN schema s ON s.oid = f.opfnamespace JOIN pg_am a ON a.oid = f.opfmethod
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_opfamily'::regclass AND m.objid = f.oid)

UNION ALL
SELECT 'cast', format_type(c.castsource, NULL) || ' AS ' || format_type(c.casttarget, NULL), '',
       concat_ws(' ',
           CASE c.castmethod WHEN 'i' THEN 'WITH INOUT' WHEN 'b' THEN 'WITHOUT FUNCTION' ELSE 'WITH FUNCTION ' || c.castfunc::regprocedure END,
           CASE c.castcontext WHEN 'i' THEN 'AS IMPLICIT' WHEN 'a' THEN 'AS ASSIGNMENT' END)
FROM pg_cast c
WHERE c.oid >= 16384
AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_cast'::regclass AND m.objid = c.oid)
-- The cast from a range to its multirange comes and goes with the type.
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i')

UNION ALL
SELECT 'conversion', s.name || '.' || quote_ident(c.conname), '',
       concat_ws(' ', CASE WHEN c.condefault THEN 'DEFAULT' END, 'FOR ' || pg_encoding_to_char(c.conforencoding),
           'TO ' || pg_encoding_to_char(c.contoencoding), 'FROM ' || c.conproc)
FROM pg_conversion c JOIN schema s ON s.oid = c.connamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_conversion'::regclass AND m.objid = c.oid)

UNION ALL
SELECT 'language', quote_ident(l.lanname), '',
       concat_ws(' ', CASE WHEN l.lanpltrusted THEN 'TRUSTED' END,
           CASE WHEN l.lanplcallfoid <> 0 THEN 'HANDLER ' || l.lanplcallfoid::regproc END,
           CASE WHEN l.laninline <> 0 THEN 'INLINE ' || l.laninline::regproc END,
           CASE WHEN l.lanvalidator <> 0 THEN 'VALIDATOR ' || l.lanvalidator::regproc END)
FROM pg_language l
WHERE l.lanispl AND l.oid >= 16384
AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_language'::regclass AND m.objid = l.oid)

UNION ALL
SELECT 'transform', format_type(t.trftype, NULL) || ' LANGUAGE ' || quote_ident(l.lanname), '',
       concat_ws(' ', CASE WHEN t.trffromsql <> 0 THEN 'FROM SQL WITH ' || t.trffromsql::regproc END,
           CASE WHEN t.trftosql <> 0 THEN 'TO SQL WITH ' || t.trftosql::regproc END)
FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_transform'::regclass AND m.objid = t.oid)

UNION ALL
SELECT 'access method', quote_ident(a.amname), '', 'TYPE ' || a.amtype::text || ' HANDLER ' || a.amhandler
FROM pg_am a
WHERE a.oid >= 16384
AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_am'::regclass AND m.objid = a.oid)

UNION ALL
SELECT 'text search configuration', s.name || '.' || quote_ident(c.cfgname), '',
       concat_ws(' ', 'PARSER ' || quote_ident(pn.nspname) || '.' || quote_ident(p.prsname),
           (SELECT string_agg(tt.alias || ' WITH ' || m.mapdict::regdictionary, ', ' ORDER BY m.maptokentype, m.mapseqno)
            FROM pg_ts_config_map m JOIN ts_token_type(p.oid) tt ON tt.tokid = m.maptokentype WHERE m.mapcfg = c.oid))
FROM pg_ts_config c JOIN schema s ON s.oid = c.cfgnamespace
JOIN pg_ts_parser p ON p.oid = c.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_config'::regclass AND m.objid = c.oid)

UNION ALL
SELECT 'text search dictionary', s.name || '.' || quote_ident(d.dictname), '',
       'TEMPLATE ' || quote_ident(tn.nspname) || '.' || quote_ident(t.tmplname) || coalesce(' (' || d.dictinitoption || ')', '')
FROM pg_ts_dict d JOIN schema s ON s.oid = d.dictnamespace
JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_dict'::regclass AND m.objid = d.oid)

UNION ALL
SELECT 'text search parser', s.name || '.' || quote_ident(p.prsname), '',
       concat_ws(' ', 'START', p.prsstart, 'GETTOKEN', p.prstoken, 'END', p.prsend, 'LEXTYPES', p.prslextype, 'HEADLINE', nullif(p.prsheadline::oid, 0)::regproc)
FROM pg_ts_parser p JOIN schema s ON s.oid = p.prsnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_parser'::regclass AND m.objid = p.oid)

UNION ALL
SELECT 'text search template', s.name || '.' || quote_ident(t.tmplname), '',
       concat_ws(' ', 'INIT', nullif(t.tmplinit::oid, 0)::regproc, 'LEXIZE', t.tmpllexize)
FROM pg_ts_template t JOIN schema s ON s.oid = t.tmplnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_template'::regclass AND m.objid = t.oid)
