, described AS (
    SELECT 'comment' AS kind, classoid, objoid, objsubid, description FROM pg_description
    UNION ALL
    SELECT 'security label FOR ' || quote_ident(provider), classoid, objoid, objsubid, label FROM pg_seclabel
)
SELECT d.kind AS kind,
       o.type || ' ' || o.identity AS name,
       coalesce(CASE d.classoid
           WHEN 'pg_class'::regclass THEN coalesce((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = d.objoid), d.objoid)
           WHEN 'pg_constraint'::regclass THEN (SELECT nullif(conrelid, 0) FROM pg_constraint WHERE oid = d.objoid)
           WHEN 'pg_trigger'::regclass THEN (SELECT tgrelid FROM pg_trigger WHERE oid = d.objoid)
           WHEN 'pg_policy'::regclass THEN (SELECT polrelid FROM pg_policy WHERE oid = d.objoid)
           WHEN 'pg_rewrite'::regclass THEN (SELECT ev_class FROM pg_rewrite WHERE oid = d.objoid)
       END::regclass::text, '') AS parent,
       d.description AS definition
FROM described d
CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) o
WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = (SELECT oid FROM pg_namespace WHERE nspname = 'public')))
AND d.classoid <> 'pg_largeobject'::regclass
AND coalesce(o.schema, '') !~ '^pg_'
AND NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classoid AND m.objid = d.objoid)

UNION ALL
SELECT 'comment', 'database', '', description
FROM pg_shdescription
WHERE classoid = 'pg_database'::regclass AND objoid = (SELECT oid FROM pg_database WHERE datname = current_database())
