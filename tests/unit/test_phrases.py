"""Phrases people already write, on statements of every shape."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.comments.markers import find_marker
from pytest_dbmigrate.spec.comments.phrases import Below, Phrase, read_phrase
from pytest_dbmigrate.spec.query.shape import shape_of
from pytest_dbmigrate.spec.tokens import tokens

COUNT = "SELECT count(*) FROM t"
LISTING = "SELECT a, b FROM t"
COLUMN = "SELECT a FROM t"
LABELLED = "SELECT 'x' AS test, count(*) AS n FROM t"
GROUPS = "SELECT a, count(*) FROM t GROUP BY a HAVING count(*) > 1"
EXISTS = "SELECT EXISTS (SELECT 1 FROM t)"
SUM = "SELECT sum(a) FROM t"
CALL = "SELECT f(1)"


def read(comment: str, sql: str, below: Below | None = None) -> Phrase:
    marker = find_marker(comment)
    assert marker is not None, comment
    return read_phrase(marker, below or Below(), shape_of(tuple(tokens(sql))))


def seen(comment: str, sql: str) -> str:
    phrase = read(comment, sql)
    text = phrase.expectation.text if phrase.expectation else phrase.reason
    return text if phrase.status == "checked" else f"{phrase.status}: {text}"


# comment, statement, what it is read as
READ = [
    ("Expected: 43", COUNT, "expect-value: 43"),
    ("Expected result: 43", COUNT, "expect-value: 43"),
    ("Expected output: 43", COUNT, "expect-value: 43"),
    ("Expected count: 43", COUNT, "expect-value: 43"),
    ("Expect 43", COUNT, "expect-value: 43"),
    ("EXPECTED = 43", COUNT, "expect-value: 43"),
    ("Expected -> 43", COUNT, "expect-value: 43"),
    ("Expectation: exactly 43", COUNT, "expect-value: 43"),
    ("Should return 43", COUNT, "expect-value: 43"),
    ("should be 43.", COUNT, "expect-value: 43"),
    ("Must be 43!", COUNT, "expect-value: 43"),
    ("Must return: 43", COUNT, "expect-value: 43"),
    ("✅ Expected: 43 ✓", COUNT, "expect-value: 43"),
    ("Expected: **43**", COUNT, "expect-value: 43"),
    ("Expected: `43`", COUNT, "expect-value: 43"),
    ("Expected to return 43", COUNT, "expect-value: 43"),
    ("Expected: should return 43", COUNT, "expect-value: 43"),
    ("It should return 43", COUNT, "expect-value: 43"),
    ("Policies (expected: 43)", COUNT, "expect-value: 43"),
    ("Policies (should be 43)", COUNT, "expect-value: 43"),
    ("Policies — expected 43", COUNT, "expect-value: 43"),
    ("Expected tables: 43", COUNT, "expect-value: 43"),
    ("Expected: 43 tables", COUNT, "expect-value: 43"),
    ("Expected: 43 base tables", COUNT, "expect-value: 43"),
    ("Expected: 43 tables in total", COUNT, "expect-value: 43"),
    ("Expected: 43 tables exist", COUNT, "expect-value: 43"),
    ("Expected: 43+", COUNT, "expect-value: >= 43"),
    ("Expected: >= 43", COUNT, "expect-value: >= 43"),
    ("Expected: at least 43 tables", COUNT, "expect-value: >= 43"),
    ("Expected: more than 0", COUNT, "expect-value: > 0"),
    ("Expected: between 2 and 5", COUNT, "expect-value: between 2 and 5"),
    ("Expected: 1,234", COUNT, "expect-value: 1234"),
    ("Expected: 1.0", SUM, "expect-value: 1.0"),
    ("Expected: -3", SUM, "expect-value: -3"),
    ("Expected: 5", CALL, "expect-value: 5"),
    ("Expected: 0 rows", LISTING, "expect-rows: 0"),
    ("Expected: no rows", GROUPS, "expect-rows: 0"),
    ("Expected: zero results returned", LISTING, "expect-rows: 0"),
    ("Expected: empty", LISTING, "expect-rows: 0"),
    ("Expected: empty result set", GROUPS, "expect-rows: 0"),
    ("Expected: nothing", LISTING, "expect-rows: 0"),
    ("Must return 0 rows to pass", LISTING, "expect-rows: 0"),
    ("Expected: 0 duplicates", GROUPS, "expect-rows: 0"),
    ("Expected: 3 rows", LISTING, "expect-rows: 3"),
    ("Expected: three rows", LISTING, "expect-rows: 3"),
    ("Expected: exactly one row", LISTING, "expect-rows: 1"),
    ("Expected: a single row", LISTING, "expect-rows: 1"),
    ("Expected: 3 row(s)", LISTING, "expect-rows: 3"),
    ("Expected rows: 3", LISTING, "expect-rows: 3"),
    ("Expected row count: 3", LISTING, "expect-rows: 3"),
    ("Expected count: 3", LISTING, "expect-rows: 3"),
    ("Expected: 3 policies", LISTING, "expect-rows: 3"),
    ("Expected: 3+ rows", LISTING, "expect-rows: >= 3"),
    ("Expected: at least one row", LISTING, "expect-rows: >= 1"),
    ("Expected: 1 or more rows", LISTING, "expect-rows: >= 1"),
    ("Expected: 2–4 rows", LISTING, "expect-rows: 2..4"),  # noqa: RUF001  (people write it)
    ("Expected: between 2 and 4 rows", LISTING, "expect-rows: 2..4"),
    ("Expected: 1 row", LABELLED, "expect-rows: 1"),
    ("Expected: true", EXISTS, "expect-value: true"),
    ("Expected: FALSE", EXISTS, "expect-value: false"),
    ("Expected: NULL", COLUMN, "expect-value: null"),
    ("Expected: 'it''s'", COLUMN, "expect-value: 'it''s'"),
    ("Expected: n = 2", LABELLED, "expect-row: n = 2"),
    ("Expected: test = 'x' and n >= 2", LABELLED, "expect-row: test = 'x', n >= 2"),
    ("Expected: a IS NULL, b is true", LISTING, "expect-row: a is null, b = true"),
    ("Expected: count = 0", COUNT, "expect-value: 0"),
    ("Expected: COUNT(*) = 0", COUNT, "expect-value: 0"),
    ("Expected: zero", COUNT, "expect-value: 0"),
    ("Expected: 0 missing", COUNT, "expect-value: 0"),
    ("Expected: 0 orphaned records", COUNT, "expect-value: 0"),
    ("Expected: 0 duplicate rows", LISTING, "expect-rows: 0"),
    ("Expected: (0 rows)", LISTING, "expect-rows: 0"),
    ("0 rows expected", LISTING, "expect-rows: 0"),
    ("No rows are expected.", LISTING, "expect-rows: 0"),
    ("4. Foreign keys (42 expected)", COUNT, "expect-value: 42"),
    ("Row count should be 5", COUNT, "expect-value: 5"),
    ("Expected: t", EXISTS, "expect-value: true"),
    ("Expected: f", EXISTS, "expect-value: false"),
]


@pytest.mark.parametrize(("comment", "sql", "text"), READ)
def test_when_all_of_a_phrase_is_understood_then_it_is_read(
    comment: str, sql: str, text: str
) -> None:
    """The grammar, phrase by phrase."""
    assert seen(comment, sql) == text


def test_when_no_rows_are_expected_of_a_count_then_its_value_is_zero_and_a_note_says_so() -> None:
    """The literal reading can never be true: a count always returns one row."""
    phrase = read("Expected: 0 rows", COUNT)
    assert phrase.expectation is not None
    assert phrase.expectation.text == "expect-value: 0"
    assert "a count always returns one row" in phrase.note
    assert read("Expected: 0", COUNT).note == ""


# comment, statement, reason, part of the line to write
REFUSED = [
    ("Expected: 0", LISTING, "number-on-columns", "expect-no-rows"),
    ("Expected: 0", COLUMN, "number-on-listing", "expect-no-rows"),
    ("Expected: 5", COLUMN, "number-on-listing", "expect-rows: 5"),
    ("Expected: 2", LABELLED, "number-on-columns", "expect-row: n = 2"),
    ("Expected: 0 rows", LABELLED, "always-one-row", "expect-row: n = 0"),
    ("Expected: 0 rows", EXISTS, "always-one-row", "expect-value: true"),
    ("Expected: 1 row", COUNT, "rows-of-a-count", "expect-value: 1"),
    ("Expected: at least one row", COUNT, "rows-of-a-count", "expect-value: 1"),
    ("Expected: 1", EXISTS, "number-on-boolean", "expect-value: true"),
    ("Expected: true", LISTING, "value-on-columns", "expect-"),
    ("Expected: true", COUNT, "other-kind", "expect-value:"),
    ("Expected: 5 columns", LISTING, "noun-on-other-shape", "expect-rows: 5"),
    ("Expected: 3 tables", GROUPS, "noun-on-other-shape", "expect-rows: 3"),
    ("Expected: c = 1", LISTING, "unknown-column", "expect-"),
    ("Expected: 10.000", COUNT, "ambiguous-number", "expect-value: 10"),
    ("Expected: ~234ms", SUM, "timing", "expect-value"),
    ("Expected: about 5", COUNT, "approximate", "expect-value: between … and …"),
    ("Expected: ~5 rows", LISTING, "approximate", "expect-rows: between … and …"),
    ("Expected: 99.5%", SUM, "percent", "expect-value"),
    ("Expected: $12", SUM, "money", "expect-value"),
    ("Expected: same as before", LISTING, "comparison", "expect-same-as-before"),
    ("Expected: matches query 3", COUNT, "comparison", "expect-same-as-before"),
    ("Expected: Total row count = filled count (100% backfilled)", LABELLED, "percent", "expect-"),
    ("Expected: all true", COLUMN, "every", "expect-column: a every = true"),
    ("Expected: each has one", COLUMN, "every", "expect-column: a every"),
    ("Expected: 5 or 6", COUNT, "alternatives", "expect-value: between 5 and 6"),
    ("Expected: 5 if loaded", COUNT, "conditional", "expect-value: 5"),
    ("Expected: 0 after rollback", COUNT, "conditional", "expect-value: 0"),
    ("Expected: 5, 6", COUNT, "several-numbers", "expect-value: 5"),
    ("Expected: N rows", LISTING, "placeholder", "expect-"),
    ("Expected: <count>", COUNT, "placeholder", "expect-value: …"),
    ("Expected: Minimal active connections", COUNT, "prose", "expect-value: …"),
    ("Expected: Top 10", LISTING, "prose", "expect-rows: 10"),
    ("Expected: One row per transaction", LISTING, "prose", "expect-rows: 1"),
    ("Expected: no duplicate names", LISTING, "prose", "expect-no-rows"),
    ("Expected: no anon rows. Authenticated see theirs.", LISTING, "prose", "expect-no-rows"),
    ("Expected: 3 rows with status active", LISTING, "prose", "expect-rows: 3"),
    ("Expected: 5 minimum", COUNT, "prose", "expect-value: 5"),
    ("Expected minimum: 5", COUNT, "prose", "expect-value: 5"),
    ("Expected: 9 tables dropped", COUNT, "prose", "expect-value: 9"),
    ("Expected: 2-3", COUNT, "prose", "expect-value: 2"),
    ("Expected: 2024-01-29", SUM, "prose", "expect-value"),
    ("Expected: a, b, c", COLUMN, "prose", "expect-column: a set {a, b, c}"),
    ("Expected: active", COLUMN, "prose", "expect-"),
    ("Expected: t", COLUMN, "prose", "expect-"),
    ("Expected: 0 missing rows", LISTING, "prose", "expect-no-rows"),
    ("Expected: 0 remaining after 011", COUNT, "conditional", "expect-value: 0"),
    ("Expected: three", COUNT, "prose", "expect-value: 3"),
    ("5 or 6 rows expected", LISTING, "alternatives", "expect-rows: between 5 and 6"),
    ("Expected:", LISTING, "prose", "expect-"),
    ("Should not return rows", LISTING, "prose", "expect-no-rows"),
    ("Expect the index to exist", LISTING, "prose", "expect-"),
    ("If the import ran: expected 4", COUNT, "conditional", "expect-value: 4"),
]


@pytest.mark.parametrize(("comment", "sql", "reason", "line"), REFUSED)
def test_when_a_phrase_is_not_understood_then_a_reason_and_a_line_are_given(
    comment: str, sql: str, reason: str, line: str
) -> None:
    """A stable code, and what to write instead, built from the statement's shape."""
    phrase = read(comment, sql)
    assert (phrase.status, phrase.expectation) == ("not-checked", None)
    assert phrase.reason == reason
    assert phrase.suggestion.startswith(line)


# note, whether it may be ignored beside: 0 rows, 3 rows, a count of 3
NOTES = [
    ("(clean)", True, True, True),
    ("(no duplicates)", True, False, True),
    ("(all tables dropped)", True, False, True),
    ("(all columns present)", True, False, True),
    ("(every tenant)", True, False, True),
    ("(a, b, c)", True, False, False),
    ("(idx_users_email)", True, False, True),
    ("(two per tenant)", True, False, False),
    ("(or 4)", False, False, False),
    ("(if loaded)", False, False, False),
    ("(unless empty)", False, False, False),
    ("(may vary)", False, False, False),
    ("(depends on data)", False, False, False),
    ("(except admins)", False, False, False),
    ("(about)", False, False, False),
    ("(~)", False, False, False),
    ("(when migrated)", False, False, False),
    ("(before cleanup)", False, False, False),
    ("(after cleanup)", False, False, False),
    ("(status = ok)", True, False, True),
    ("(was 7)", True, False, False),
    ("- core tables", True, True, True),
    ("- all enabled", True, False, False),
    ("; core tables", True, True, True),
    (". Core tables only", True, False, False),
    (". The others return 5 rows.", False, False, False),
    ("— anon and authenticated", True, False, False),
]


@pytest.mark.parametrize(("note", "zero", "rows", "single"), NOTES)
def test_when_a_note_claims_more_then_the_phrase_is_partial(
    note: str, zero: bool, rows: bool, single: bool
) -> None:
    """Beside nothing only what weakens counts; beside a single value the number is the claim."""
    for comment, sql, ignored in (
        (f"Expected: 0 rows {note}", LISTING, zero),
        (f"Expected: 3 rows {note}", LISTING, rows),
        (f"Expected: 3 {note}", COUNT, single),
    ):
        phrase = read(comment, sql)
        assert phrase.status == ("checked" if ignored else "partial"), comment
        assert phrase.expectation is not None
        assert bool(phrase.words) is not ignored


@pytest.mark.parametrize(
    "rest", [", one per tenant", " and every one is enabled", ", both with a key", " plus headings"]
)
def test_when_a_phrase_goes_on_then_it_is_partial_and_quotes_the_rest(rest: str) -> None:
    """The understood part may fail; it never passes."""
    phrase = read(f"Expected: 3 rows{rest}", LISTING)
    assert phrase.status == "partial"
    assert phrase.expectation is not None
    assert phrase.expectation.text == "expect-rows: 3"
    assert phrase.words == rest.strip(" ,")


@pytest.mark.parametrize(
    ("below", "status"),
    [
        (Below(listed="- anon"), "partial"),
        (Below(short="moves"), "partial"),
        (Below(more="with status active"), "not-checked"),
        (Below(more="(core tables)"), "checked"),
        (Below(text="These are the core tables of the product"), "checked"),
        (Below(text="Each of them has a primary key"), "partial"),
        (Below(text="If any rows are missing, investigate the import"), "checked"),
        (Below(text="If the demo data is loaded there are 5 rows"), "partial"),
        (Below(text="Run this after the migration"), "checked"),
        (Below(text="Before the migration 7"), "partial"),
    ],
)
def test_when_lines_below_say_more_then_they_count(below: Below, status: str) -> None:
    """Bullets, tables, second markers and claims make it partial; prose about it does not."""
    assert read("Expected: 3 rows", LISTING, below).status == status


def test_when_the_value_is_a_number_of_another_shape_then_it_is_not_checked_but_never_fails() -> (
    None
):
    """The author may have meant something else: a number, but the result is r rows."""
    from pytest_dbmigrate.spec.expectations import Column, Outcome, Result  # noqa: PLC0415

    phrase = read("Expected: 5", CALL)
    assert phrase.expectation is not None
    rows = Result((Column("f", 23),), (("5",), ("5",)), 2)
    verdict = phrase.expectation.judge(rows)
    assert verdict.outcome is Outcome.NOT_CHECKED
    assert verdict.observed == "a number, but the result is 2 rows, 1 column"
    text = Result((Column("f", 25),), (("five",),), 1)
    assert phrase.expectation.judge(text).outcome is Outcome.NOT_CHECKED
    other = Result((Column("f", 23),), (("6",),), 1)
    assert phrase.expectation.judge(other).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Users without an email",
        "users should return what we expect",
        "unexpected: 5",
        "❌ Expected: 0 rows",
        "⚠️ Expected: 0 rows",
        "SELECT should_return FROM expected",
        "expected_count: 5 and more",
        "All should be true",
        "Expected: " + "5 " * 1000,
    ],
)
def test_when_no_marker_starts_the_comment_then_it_is_no_expectation(comment: str) -> None:
    """Prose that mentions one is no phrase."""
    assert find_marker(comment) is None
