"""What is told of a statement from its tokens: may it run, and what can it return."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.query.parameters import fill_in, used
from pytest_dbmigrate.spec.query.refusals import look_at
from pytest_dbmigrate.spec.query.shape import shape_of

ALLOWED = [
    "SELECT 1",
    "(SELECT 1)",
    "VALUES (1)",
    "TABLE t",
    "SHOW work_mem",
    "WITH a AS (SELECT 1) SELECT * FROM a",
    "SELECT a FROM t WHERE note = 'delete from t'",
    'SELECT "update", t.into, x AS into FROM t',
    "SELECT substring(a from 1 for 2) FROM t",
    "SELECT query_to_xml('select 1', true, true, '')",
    "SELECT pg_sleep(0), txid_current()",
    "SELECT nextval FROM t",
    "SELECT has_table_privilege('anon', 't', 'update')",
    "SELECT count(*) FILTER (WHERE action = 'insert') FROM audit",
]


@pytest.mark.parametrize("sql", ALLOWED)
def test_when_a_statement_only_looks_then_it_may_run(sql: str) -> None:
    """Words in strings, quotes and names are not commands."""
    assert look_at(sql)[1] is None


REFUSED = [
    ("INSERT INTO t VALUES (1)", "not-a-query", "INSERT"),
    ("BEGIN", "transaction-control", "BEGIN"),
    ("SET ROLE anon", "not-a-query", "SET"),
    ("EXPLAIN SELECT 1", "explain", "EXPLAIN"),
    ("DO $$ BEGIN END $$", "do-block", "a DO block"),
    ("COPY t TO PROGRAM 'sh'", "not-a-query", "COPY"),
    ("CALL p()", "not-a-query", "CALL"),
    ("WITH a AS (DELETE FROM t RETURNING id) SELECT * FROM a", "writes", "DELETE"),
    ("WITH a AS NOT MATERIALIZED (UPDATE t SET x = 1 RETURNING id) TABLE a", "writes", "UPDATE"),
    ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "writes", "INSERT"),
    (
        "WITH a AS (SELECT 1) MERGE INTO t USING a ON true WHEN MATCHED THEN DELETE",
        "writes",
        "MERGE",
    ),
    ("SELECT a INTO b FROM t", "writes", "SELECT INTO"),
    ("SELECT a FROM t FOR UPDATE", "locks", "FOR UPDATE"),
    ("SELECT a FROM t FOR NO KEY UPDATE", "locks", "FOR NO"),
    ("SELECT a FROM (SELECT a FROM t FOR SHARE) s", "locks", "FOR SHARE"),
    ("SELECT pg_terminate_backend(1)", "outside-effects", "pg_terminate_backend"),
    ("SELECT pg_catalog.pg_cancel_backend (1)", "outside-effects", "pg_cancel_backend"),
    ("SELECT \"dblink_exec\"('x')", "outside-effects", "dblink_exec"),
    ("SELECT * FROM dblink('db', 'select 1') AS t(a int)", "outside-effects", "dblink"),
    ("SELECT PG_ADVISORY_UNLOCK_ALL()", "outside-effects", "pg_advisory_unlock_all"),
    ("SELECT pg_try_advisory_lock(1)", "outside-effects", "pg_try_advisory_lock"),
    ("SELECT set_config('row_security', 'on', true)", "outside-effects", "set_config"),
    ("SELECT nextval('s')", "outside-effects", "nextval"),
    ("SELECT lo_export(1, '/tmp/x')", "outside-effects", "lo_export"),
    ("SELECT pg_read_file('pg_hba.conf')", "outside-effects", "pg_read_file"),
    ("SELECT status FROM http_get('https://x.example')", "outside-effects", "http_get"),
    ("SELECT a FROM t WHERE exists (SELECT pg_notify('a', 'b'))", "outside-effects", "pg_notify"),
    ("", "not-a-query", "this"),
]


@pytest.mark.parametrize(("sql", "reason", "named"), REFUSED)
def test_when_a_statement_does_more_than_look_then_it_is_refused_by_name(
    sql: str, reason: str, named: str
) -> None:
    """The culprit, why, and what to do instead; the server's read-only mode is the second guard."""
    refusal = look_at(sql)[1]
    assert refusal is not None
    assert refusal.reason == reason
    assert refusal.problem.startswith(named)
    assert refusal.remedy


# flags that are set, columns
SHAPES = [
    ("SELECT count(*) FROM t", {"lone_count", "one_row"}, ("count",)),
    ("SELECT count(DISTINCT a) AS n FROM t WHERE b", {"lone_count", "one_row"}, ("n",)),
    ("SELECT count(*) FILTER (WHERE a)::int n FROM t", {"lone_count", "one_row"}, None),
    ("SELECT (SELECT count(*) FROM t) AS n", {"lone_count", "one_row"}, ("n",)),
    ("WITH x AS (SELECT 1) SELECT COUNT(1) FROM x", {"lone_count", "one_row"}, ("count",)),
    ("SELECT count(*) FROM t GROUP BY a", set(), ("count",)),
    ("SELECT count(*) FROM t HAVING count(*) > 1", set(), ("count",)),
    ("SELECT count(*) FROM t LIMIT 0", set(), ("count",)),
    ("SELECT count(*) OVER () FROM t", {"listing"}, None),
    ("SELECT count(*) = 0 AS clean FROM t", {"one_row", "boolean"}, ("clean",)),
    ("SELECT count(*) FROM a UNION SELECT count(*) FROM b", set(), ("count",)),
    ("SELECT 'x' AS label, count(*) FROM t", {"one_row"}, ("label", "count")),
    ("SELECT max(a) FROM t", {"one_row"}, ("max",)),
    ("SELECT a, b FROM t", {"listing"}, ("a", "b")),
    ("SELECT DISTINCT ON (a) a, b AS c FROM t ORDER BY a", {"listing"}, ("a", "c")),
    ('SELECT t.a, t."B c" FROM t', {"listing"}, ("a", "B c")),
    ("SELECT * FROM t", {"listing"}, None),
    ("SELECT t.*, 1 AS x FROM t", {"listing"}, None),
    ("SELECT a FROM t WHERE id = 4", {"listing", "unique"}, ("a",)),
    ("SELECT a FROM t WHERE id = 4 OR b", {"listing"}, ("a",)),
    ("SELECT a FROM t JOIN u ON true WHERE id = 4", {"listing"}, ("a",)),
    ("SELECT a FROM t LIMIT 1", {"listing", "unique"}, ("a",)),
    ("SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1", {"groups"}, ("a", "count")),
    ("SELECT EXISTS (SELECT 1 FROM t)", {"one_row", "boolean"}, ("exists",)),
    ("SELECT NOT EXISTS (SELECT 1 FROM t) AS ok", {"one_row", "boolean"}, ("ok",)),
    ("SELECT to_regclass('t') IS NOT NULL", {"boolean", "call"}, None),
    ("SELECT CASE WHEN a = 1 THEN 'x' END FROM t", {"listing"}, None),
    ("SELECT 1 WHERE a IS NOT DISTINCT FROM b", set(), None),
    ("SELECT f(1)", {"call"}, ("f",)),
    ("SELECT column_name FROM information_schema.columns", {"listing", "counts_columns"}, None),
    ("SHOW work_mem", {"one_row", "text"}, None),
    ("SHOW ALL", {"text"}, None),
    ("TABLE t", {"listing"}, None),
    ("VALUES (1), (2)", set(), None),
]
FLAGS = {
    "lone_count", "one_row", "listing", "groups", "boolean", "unique", "text", "call",
    "counts_columns",
}  # fmt: skip


@pytest.mark.parametrize(("sql", "flags", "columns"), SHAPES)
def test_when_a_statement_is_looked_at_then_its_shape_is_told(
    sql: str, flags: set[str], columns: tuple[str, ...] | None
) -> None:
    """From tokens alone; what is not certain is not told."""
    shape = shape_of(look_at(sql)[0])
    assert {name for name in FLAGS if getattr(shape, name)} == flags
    assert columns is None or shape.columns == columns


@pytest.mark.parametrize(
    ("sql", "placeholder"),
    [
        ("SELECT 1 WHERE a = $1", "$1"),
        ("SELECT 1 WHERE a = :id", ":id"),
        ("SELECT 1 WHERE a = :'id'", ":'id'"),
        ("SELECT 1 WHERE a = '<user-id>'", "'<user-id>'"),
        ("SELECT 1 WHERE a = 'YOUR_USER_ID'", "'YOUR_USER_ID'"),
        ("SELECT 1 WHERE a = '{{id}}'", "'{{id}}'"),
        ("SELECT a::text, b[1:2] FROM t WHERE c < 'x' AND d = '<p>hi'", ""),
        ("SELECT ':x', '$1'", ""),
    ],
)
def test_when_somebody_still_has_to_fill_something_in_then_it_is_named(
    sql: str, placeholder: str
) -> None:
    """Such a statement finds nothing, and "0 rows" would pass for that reason."""
    assert "".join(shape_of(look_at(sql)[0]).placeholders) == placeholder


def test_when_a_parameter_is_filled_in_then_it_is_quoted_as_psql_does() -> None:
    """A backslash needs an E'' string, with a space before it, as libpq writes it."""
    sql = "SELECT :'a', :\"b\", ':''c''', x::\"char\" -- :'a'"
    assert used(sql) == {"a": "'", "b": '"'}
    filled = fill_in(sql, {"a": "it's \\", "b": 'x"y'})
    assert filled == "SELECT  E'it''s \\\\', \"x\"\"y\", ':''c''', x::\"char\" -- :'a'"
