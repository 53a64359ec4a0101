-- Whether the role has a right: the object with its kind, as GRANT names it, whether, and the role; no
-- row when there is no such object now. The session's own search_path is on.
SELECT named.kind || named.name, CASE WHEN %(target)s = 'relation' THEN named.name ELSE named.kind || named.name END,
       named.has, pg_catalog.quote_ident(current_user)
FROM (
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW ' WHEN 'm' THEN 'MATERIALIZED VIEW ' WHEN 'S' THEN 'SEQUENCE '
                          WHEN 'f' THEN 'FOREIGN TABLE ' ELSE 'TABLE ' END AS kind,
           -- An index has its table's owner.
           pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(coalesce(
               (SELECT t.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class t ON t.oid = i.indrelid WHERE i.indexrelid = c.oid),
               c.relname)) AS name,
           CASE %(right)s
               WHEN 'owner' THEN pg_catalog.pg_has_role(c.relowner, 'USAGE')
               WHEN 'drop' THEN pg_catalog.pg_has_role(c.relowner, 'USAGE') OR pg_catalog.pg_has_role(n.nspowner, 'USAGE')
               WHEN 'INSERT' THEN pg_catalog.has_any_column_privilege(c.oid, 'INSERT')
               WHEN 'UPDATE' THEN pg_catalog.has_any_column_privilege(c.oid, 'UPDATE')
               WHEN 'REFERENCES' THEN pg_catalog.has_any_column_privilege(c.oid, 'REFERENCES')
               WHEN 'DELETE' THEN pg_catalog.has_table_privilege(c.oid, 'DELETE')
               WHEN 'TRUNCATE' THEN pg_catalog.has_table_privilege(c.oid, 'TRUNCATE')
               WHEN 'TRIGGER' THEN pg_catalog.has_table_privilege(c.oid, 'TRIGGER')
           END AS has
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE %(target)s = 'relation' AND c.oid = CASE WHEN %(target)s = 'relation' THEN pg_catalog.to_regclass(%(name)s) END
    AND c.relpersistence <> 't'

    UNION ALL
    SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN ' ELSE 'TYPE ' END, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname),
           pg_catalog.pg_has_role(t.typowner, 'USAGE') OR (%(right)s = 'drop' AND pg_catalog.pg_has_role(n.nspowner, 'USAGE'))
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE %(target)s = 'type' AND t.oid = CASE WHEN %(target)s = 'type' THEN pg_catalog.to_regtype(%(name)s) END

    UNION ALL
    SELECT 'SCHEMA ', pg_catalog.quote_ident(n.nspname),
           CASE WHEN %(right)s = 'CREATE' THEN pg_catalog.has_schema_privilege(n.oid, 'CREATE') ELSE pg_catalog.pg_has_role(n.nspowner, 'USAGE') END
    FROM pg_catalog.pg_namespace n
    WHERE %(target)s = 'schema'
    AND CASE WHEN %(name)s = '' THEN n.nspname = pg_catalog.current_schema()
             ELSE ARRAY[n.nspname::text] = pg_catalog.parse_ident(nullif(%(name)s, '')) END

    UNION ALL
    SELECT 'DATABASE ', pg_catalog.quote_ident(d.datname), pg_catalog.has_database_privilege(d.oid, 'CREATE')
    FROM pg_catalog.pg_database d
    WHERE %(target)s = 'database' AND d.datname = pg_catalog.current_database()
) named
