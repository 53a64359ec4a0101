"""Reading verification files: what holds for every text."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_dbmigrate.spec.annotations import Check, read_checks
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.explain import explain_text
from pytest_dbmigrate.spec.statements import scan

# Lines of every kind, wild and well-formed, thrown together in any order.
LINES = st.one_of(
    st.sampled_from(
        [
            "", "--", "-- ====", "-- 1. Tables", "-- Test 2: x (expected: 3)", "-- QUERY SET 1: a",
            "-- Expected: 0 rows", "-- Expected: 43", "-- Expected:", "-- Should be 0 if x",
            "--   - anon", "-- a | b", "-- Query 6: 5", "-- SELECT a FROM b;", "-- prose of it",
            "-- expect-value: 1", "-- expect-rows: 2..4", "-- expect-no-rows", "-- name: a",
            "-- param: x = 1 | 2", "-- phase: before", "-- tags: slow", "-- skip: why",
            "-- expect-result:", "-- expect-row: a = 1", "-- expect-valu: 1", "-- as: anon",
            "SELECT count(*) FROM t;", "SELECT a, b FROM t;", "SELECT 1; SELECT 2; -- Expected: 2",
            "SELECT a -- Expected: 1", "FROM t;", "SELECT :'x';", "INSERT INTO t VALUES (1);",
            "\\echo 'x'", "/* Expected: 2 */", "/*", "Expected: 4", "*/ SELECT 2;", "BEGIN;", "'",
        ]
    ),
    st.text(st.characters(exclude_characters="\0"), max_size=30).map(lambda t: f"-- {t}"),
    st.text(max_size=20),
)  # fmt: skip
FILES = st.lists(LINES, max_size=14).map("\n".join)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=40)


def checks(text: str) -> tuple[Check, ...] | None:
    try:
        return read_checks(scan(text, "x.sql"), lambda _: "a\n1\n")
    except SpecError as refused:
        error = refused
    assert error.problem
    assert error.remedy
    return None


@settings(deadline=None)
@given(FILES)
def test_when_any_text_is_read_then_it_is_checks_or_our_own_error(text: str) -> None:
    """No other exception; every name is unique and fit for pytest."""
    found = checks(text)
    if found is None:
        return
    names = [check.name for check in found]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_.-]+", name) for name in names)
    for check in found:
        assert (check.expectation is None) == (
            check.reading.status in {"not-checked", "no-expectation"}
        )


@settings(deadline=None)
@given(FILES)
def test_when_any_text_is_explained_then_it_agrees_with_what_would_run(text: str) -> None:
    """Explaining never raises, and each statement that runs is explained as it runs."""
    read = explain_text(text, "x.sql", lambda _: "a\n1\n")
    found = checks(text)
    if found is None:
        return
    runs = {c.line: c for c in found}
    said = {r.line: r for r in read if r.status != "commented-out"}
    assert set(runs) == set(said)
    for line, check in runs.items():
        text_ = check.expectation.text if check.expectation else ""
        status = (check.reading.status, text_, check.reading.reason)
        assert (said[line].status, said[line].expectation, said[line].reason) == status


@given(st.sampled_from(["expect-value", "expect-row", "expect-column", "phase", "param"]), WORDS)
def test_when_a_key_has_any_value_then_it_is_read_or_refused_but_never_ignored(
    key: str, value: str
) -> None:
    """With its own position."""
    text = f"-- expect-success\nSELECT 1;\n\n-- {key}: {value}\nSELECT :'x', 2;"
    try:
        (_, *later) = read_checks(scan(text, "x.sql"))
    except SpecError as refused:
        where = refused.line
    else:
        where = 4
        assert later[0].expectation is not None or key in {"phase", "param"}
    assert where in {4, 5}
