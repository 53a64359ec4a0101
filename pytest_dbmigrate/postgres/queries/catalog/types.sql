SELECT CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END AS kind,
       s.name || '.' || quote_ident(t.typname) AS name,
       '' AS parent,
       CASE
           WHEN NOT t.typisdefined THEN 'SHELL'
           WHEN t.typtype = 'e' THEN 'AS ENUM (' || coalesce(
               (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '') || ')'
           WHEN t.typtype = 'd' THEN concat_ws(' ',
               'AS ' || format_type(t.typbasetype, t.typtypmod),
               CASE WHEN t.typcollation <> b.typcollation THEN 'COLLATE ' || t.typcollation::regcollation END,
               'DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), t.typdefault),
               CASE WHEN t.typnotnull THEN 'NOT NULL' END)
           WHEN t.typtype = 'c' THEN 'AS (' || coalesce(
               (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                                      CASE WHEN a.attcollation <> at.typcollation THEN 'COLLATE ' || a.attcollation::regcollation END),
                                  ', ' ORDER BY a.attnum)
                FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '') || ')'
           WHEN t.typtype = 'r' THEN (
               SELECT concat_ws(' ',
                   'AS RANGE (' || format_type(r.rngsubtype, NULL),
                   'OPCLASS ' || (SELECT quote_ident(n.nspname) || '.' || quote_ident(o.opcname)
                                  FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace WHERE o.oid = r.rngsubopc),
                   CASE WHEN r.rngcollation <> 0 THEN 'COLLATE ' || r.rngcollation::regcollation END,
                   CASE WHEN r.rngcanonical <> 0 THEN 'CANONICAL ' || r.rngcanonical END,
                   CASE WHEN r.rngsubdiff <> 0 THEN 'SUBTYPE_DIFF ' || r.rngsubdiff END,
                   'MULTIRANGE ' || format_type(r.rngmultitypid, NULL), -- since 14
                   ')')
               FROM pg_range r WHERE r.rngtypid = t.oid)
           ELSE concat_ws(' ',
               'AS BASE (INPUT', t.typinput, 'OUTPUT', t.typoutput, 'RECEIVE', t.typreceive, 'SEND', t.typsend,
               'TYPMOD_IN', t.typmodin, 'TYPMOD_OUT', t.typmodout, 'ANALYZE', t.typanalyze,
               'SUBSCRIPT', t.typsubscript, -- since 14
               'LENGTH', t.typlen, 'BYVALUE', t.typbyval, 'ALIGN', t.typalign, 'STORAGE', t.typstorage,
               'CATEGORY', quote_literal(t.typcategory::text), 'PREFERRED', t.typispreferred, 'DELIMITER', quote_literal(t.typdelim::text),
               'ELEMENT', format_type(t.typelem, NULL), 'COLLATABLE', t.typcollation <> 0,
               'DEFAULT', quote_nullable(t.typdefault), ')')
       END AS definition
FROM pg_type t
JOIN schema s ON s.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r', 'p')
AND (t.typrelid = 0 OR c.relkind = 'c')
AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)

UNION ALL
SELECT 'domain constraint', quote_ident(k.conname), format_type(k.contypid, NULL), pg_get_constraintdef(k.oid)
FROM pg_constraint k
JOIN pg_type t ON t.oid = k.contypid
JOIN schema s ON s.oid = t.typnamespace
WHERE k.contype = 'c'
AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)

UNION ALL
SELECT 'sequence', c.identity, '',
       concat_ws(' ',
           CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END,
           'AS ' || format_type(q.seqtypid, NULL),
           'START ' || q.seqstart, 'INCREMENT ' || q.seqincrement,
           'MINVALUE ' || q.seqmin, 'MAXVALUE ' || q.seqmax, 'CACHE ' || q.seqcache,
           CASE WHEN q.seqcycle THEN 'CYCLE' END,
           (SELECT CASE d.deptype WHEN 'i' THEN 'IDENTITY OF ' ELSE 'OWNED BY ' END || d.refobjid::regclass || '.' || quote_ident(a.attname)
            FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))
FROM relation c JOIN pg_sequence q ON q.seqrelid = c.oid

UNION ALL
SELECT 'collation', s.name || '.' || quote_ident(l.collname), '',
       concat_ws(' ', 'PROVIDER ' || l.collprovider::text, 'LC_COLLATE ' || l.collcollate, 'LC_CTYPE ' || l.collctype,
           'LOCALE ' || l.colliculocale, -- since 15 -- before 17
           'LOCALE ' || l.colllocale, -- since 17
           'RULES ' || l.collicurules, -- since 16
           CASE WHEN NOT l.collisdeterministic THEN 'NOT DETERMINISTIC' END)
FROM pg_collation l JOIN schema s ON s.oid = l.collnamespace
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_collation'::regclass AND m.objid = l.oid)
