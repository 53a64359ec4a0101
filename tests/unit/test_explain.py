"""How each statement of a file is explained: one record each, nothing refused as a whole."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from pytest_dbmigrate.spec.explain import explain_text

LEGACY = r"""\set ON_ERROR_STOP on
-- 1. Tables
-- Expected: 43
SELECT count(*) FROM pg_tables;

-- 2. Views (a, b)
-- Expected: 2 views (a, b)
SELECT viewname
FROM pg_views;

-- 3. Load
-- Expected: about 5 rows
SELECT id FROM loads;

DO $$ BEGIN RAISE NOTICE 'x'; END $$;

SELECT 1;

-- SELECT count(*) FROM old; -- Expected: 7
-- expect-value: x
SELECT 2;
"""


def test_when_a_legacy_file_is_explained_then_each_statement_has_one_record() -> None:
    """Also those that would not run, and those that are commented out."""
    read = explain_text(LEGACY, "legacy.sql")
    records = [
        (r.line, r.end_line, r.status, r.expectation, r.comment_line, r.reason) for r in read
    ]
    assert records == [
        (1, 1, "refused", "", 0, "psql-command"),
        (4, 4, "checked", "expect-value: 43", 3, ""),
        (8, 9, "partial", "expect-rows: 2", 7, "partial"),
        (13, 13, "not-checked", "", 12, "approximate"),
        (15, 15, "refused", "", 0, "do-block"),
        (17, 17, "no-expectation", "", 0, ""),
        (19, 19, "commented-out", "", 19, "commented-out"),
        (21, 21, "no-expectation", "", 0, ""),
    ]  # fmt: skip


def test_when_a_record_becomes_json_then_it_has_exactly_the_fields_that_were_promised() -> None:
    """file, line, end_line, status, expectation, comment_line, reason, suggestion, and words."""
    record = explain_text("-- Expected: ~5\nSELECT count(*) FROM t;", "x.sql")[0]
    assert asdict(record) == {
        "file": "x.sql",
        "line": 2,
        "end_line": 2,
        "status": "not-checked",
        "expectation": "",
        "comment_line": 1,
        "reason": "approximate",
        "words": "~5",
        "suggestion": "expect-value: between … and …",
    }


PARTIAL = "SELECT viewname FROM pg_views;\n-- Expected: 2 views (a, b)"
SHOWN = {
    "-- Expected: 43\nSELECT count(*) FROM t;": "x.sql:2: checked expect-value: 43 (line 1)",
    PARTIAL: "x.sql:1: partial expect-rows: 2 (line 2) not understood: '(a, b)' "
    "→ expect-column: viewname set {a, b}",
    "SELECT id FROM t;\n-- Expected: 0": "x.sql:1: not-checked (line 2) [number-on-listing] "
    "not understood: '0' → expect-no-rows",
    "SELECT id FROM t;": "x.sql:1: no-expectation → expect-column: id set {…}",
    "EXPLAIN SELECT 1;": "x.sql:1: refused [explain] EXPLAIN shows a plan, which "
    "differs from server to server → check the result of the query itself",
}


@pytest.mark.parametrize(("text", "line"), SHOWN.items())
def test_when_a_record_is_shown_then_it_is_one_line(text: str, line: str) -> None:
    """Where, how read, from which comment, or why not and what to write."""
    assert [str(r) for r in explain_text(text, "x.sql")] == [line]


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("SELECT 'open;", 1, "this string is never closed by '"),
        ("\\i other.sql\nSELECT 'open;", 2, "this string is never closed by '"),
        ("-- expect-valeu: 1\nSELECT 1;", 1, "expect-valeu is no key"),
        ("SELECT 1;\n\n-- name: a\nSELECT 1;\n\n-- name: a\nSELECT 2;", 6, "the name a is already"),
        ("-- phase: never\n-- expect-no-rows\n\nSELECT 1;", 1, "never is no phase"),
        ("SELECT 1 -- expect-value: 1\n;", 1, "a key inside a statement"),
    ],
)
def test_when_something_would_refuse_the_whole_file_then_a_record_says_so(
    text: str, where: int, words: str
) -> None:
    """With the line, the problem and the remedy; the rest is still explained."""
    refused = [r for r in explain_text(text, "x.sql") if r.reason == "file-error"]
    assert [r.comment_line for r in refused] == [where]
    assert refused[0].words.startswith(words)
    assert refused[0].suggestion


def test_when_one_key_is_wrong_then_the_other_statements_are_explained() -> None:
    """An author sees everything at once."""
    read = explain_text("-- expect-rows: x\nSELECT 1;\n\n-- expect-value: 2\nSELECT 2;", "x.sql")
    assert [(r.status, r.expectation) for r in read] == [
        ("refused", ""),
        ("checked", "expect-value: 2"),
    ]


def test_when_a_side_file_is_named_then_it_is_read_through_the_caller() -> None:
    """spec/ itself opens no file."""
    text = "-- expect-result: users.csv\nSELECT id, name FROM users;"
    (read,) = explain_text(text, "x.sql", lambda _: "id,name\n1,Eve\n")
    assert (read.status, read.expectation) == ("checked", "expect-result: users.csv")
    (refused,) = explain_text(text, "x.sql")
    assert refused.words == "users.csv cannot be read here"
