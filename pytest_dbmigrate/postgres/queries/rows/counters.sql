-- Rows that this transaction inserted, updated and deleted, also in subtransactions that were rolled
-- back. pg_stat_xact_user_tables computes much more for each table.
SELECT oid::bigint, pg_stat_get_xact_tuples_inserted(oid), pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_deleted(oid)
FROM pg_class
WHERE relkind = 'r' AND relpersistence <> 't' AND oid >= 16384
AND (pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid) + pg_stat_get_xact_tuples_deleted(oid)) > 0
AND (CAST(%(oid)s AS oid) IS NULL OR oid = %(oid)s)
