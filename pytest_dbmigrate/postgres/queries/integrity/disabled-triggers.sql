-- A foreign key is enforced by triggers of its own, which DISABLE TRIGGER ALL switches off as well.
SELECT quote_ident(t.tgname) || ' on ' || c.identity,
       'the trigger is disabled',
       'ALTER TABLE ' || c.identity || ' ENABLE TRIGGER ' || quote_ident(t.tgname) || ';'
FROM pg_trigger t JOIN relation c ON c.oid = t.tgrelid
WHERE t.tgenabled = 'D' AND NOT t.tgisinternal
UNION
SELECT quote_ident(k.conname) || ' on ' || k.conrelid::regclass,
       'the foreign key is not enforced: its triggers on ' || c.identity || ' are disabled',
       'ALTER TABLE ' || c.identity || ' ENABLE TRIGGER ALL;'
FROM pg_trigger t JOIN relation c ON c.oid = t.tgrelid
JOIN pg_constraint k ON k.oid = t.tgconstraint AND k.contype = 'f'
WHERE t.tgenabled = 'D' AND t.tgisinternal
