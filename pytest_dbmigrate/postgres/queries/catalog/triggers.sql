SELECT 'trigger' AS kind,
       quote_ident(t.tgname) AS name,
       t.tgrelid::regclass::text AS parent,
       concat_ws(' ',
           pg_get_triggerdef(t.oid),
           CASE t.tgenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLED REPLICA' WHEN 'A' THEN 'ENABLED ALWAYS' END
       ) AS definition
FROM pg_trigger t
JOIN pg_class c ON c.oid = t.tgrelid
JOIN schema s ON s.oid = c.relnamespace
WHERE NOT t.tgisinternal
AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_trigger'::regclass AND m.objid = t.oid)

UNION ALL
SELECT 'rule', quote_ident(r.rulename), c.identity,
       concat_ws(' ',
           pg_get_ruledef(r.oid),
           CASE r.ev_enabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLED REPLICA' WHEN 'A' THEN 'ENABLED ALWAYS' END)
FROM pg_rewrite r JOIN relation c ON c.oid = r.ev_class
WHERE r.rulename <> '_RETURN'

UNION ALL
SELECT 'event trigger', quote_ident(e.evtname), '',
       concat_ws(' ',
           'ON ' || e.evtevent,
           'WHEN TAG IN (' || array_to_string(e.evttags, ', ') || ')',
           'EXECUTE FUNCTION ' || e.evtfoid::regprocedure,
           CASE e.evtenabled WHEN 'D' THEN 'DISABLED' WHEN 'R' THEN 'ENABLED REPLICA' WHEN 'A' THEN 'ENABLED ALWAYS' END)
FROM pg_event_trigger e
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid)
