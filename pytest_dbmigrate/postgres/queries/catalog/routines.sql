SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END AS kind,
       s.name || '.' || quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')' AS name,
       '' AS parent,
       CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE concat_ws(' ',
           'AGGREGATE (' || pg_get_function_arguments(p.oid) || ')',
           CASE g.aggkind WHEN 'o' THEN 'ORDERED-SET' WHEN 'h' THEN 'HYPOTHETICAL' END,
           'SFUNC ' || g.aggtransfn::regprocedure,
           'STYPE ' || format_type(g.aggtranstype, NULL),
           'SSPACE ' || nullif(g.aggtransspace, 0),
           CASE WHEN g.aggfinalfn <> 0 THEN 'FINALFUNC ' || g.aggfinalfn::regprocedure END,
           CASE WHEN g.aggfinalextra THEN 'FINALFUNC_EXTRA' END,
           'FINALFUNC_MODIFY ' || g.aggfinalmodify::text,
           CASE WHEN g.aggcombinefn <> 0 THEN 'COMBINEFUNC ' || g.aggcombinefn::regprocedure END,
           CASE WHEN g.aggserialfn <> 0 THEN 'SERIALFUNC ' || g.aggserialfn::regprocedure END,
           CASE WHEN g.aggdeserialfn <> 0 THEN 'DESERIALFUNC ' || g.aggdeserialfn::regprocedure END,
           'INITCOND ' || quote_literal(g.agginitval),
           CASE WHEN g.aggmtransfn <> 0 THEN 'MSFUNC ' || g.aggmtransfn::regprocedure END,
           CASE WHEN g.aggminvtransfn <> 0 THEN 'MINVFUNC ' || g.aggminvtransfn::regprocedure END,
           CASE WHEN g.aggmtranstype <> 0 THEN 'MSTYPE ' || format_type(g.aggmtranstype, NULL) END,
           'MSSPACE ' || nullif(g.aggmtransspace, 0),
           CASE WHEN g.aggmfinalfn <> 0 THEN 'MFINALFUNC ' || g.aggmfinalfn::regprocedure END,
           CASE WHEN g.aggmfinalextra THEN 'MFINALFUNC_EXTRA' END,
           'MFINALFUNC_MODIFY ' || g.aggmfinalmodify::text,
           'MINITCOND ' || quote_literal(g.aggminitval),
           CASE WHEN g.aggsortop <> 0 THEN 'SORTOP ' || g.aggsortop::regoperator END,
           'PARALLEL ' || p.proparallel::text) END AS definition
FROM pg_proc p
JOIN schema s ON s.oid = p.pronamespace
LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid
WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
-- The constructors of a range type come and go with it.
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i'
                AND d.refclassid = 'pg_type'::regclass)
