"""Each kind of expectation: how its value is written, and how a result is judged."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.expect.comparison import BadValueError
from pytest_dbmigrate.spec.expect.exact_result import ExactResult
from pytest_dbmigrate.spec.expect.keys import EXPECT_KEYS, parse_expectation
from pytest_dbmigrate.spec.expectations import Column, Failure, Outcome, Result, Verdict

BOOL, INT, TEXT, NUMERIC, FLOAT, BPCHAR = 16, 23, 25, 1700, 701, 1042
DATE, TIMESTAMP, TIMESTAMPTZ, JSONB = 1082, 1114, 1184, 3802

Rows = list[tuple[str | None, ...]]


def result(
    rows: Rows, *columns: tuple[str, int], complete: bool = True, count: int | None = None
) -> Result:
    return Result(
        tuple(Column(name, oid) for name, oid in columns),
        tuple(rows),
        len(rows) if count is None else count,
        complete,
    )


def one(value: str | None, oid: int) -> Result:
    return result([(value,)], ("v", oid))


def names(*values: str) -> Result:
    return result([(v,) for v in values], ("name", TEXT))


def judge(line: str, seen: Result | Failure, before: Result | Failure | None = None) -> Verdict:
    key, _, value = line.partition(":")
    return parse_expectation(key, value.strip()).judge(seen, before)


FAILED = Failure("42P01", 'relation "t" does not exist')
LOST = Failure("", "the connection was lost")

VALUES = [
    ("43", "43", INT, True),
    ("43", "43.0", NUMERIC, True),
    ("43.0", "43", INT, True),
    ("1,234", "1234", INT, True),
    ("1e3", "1000", INT, True),
    ("43", "42", INT, False),
    ("43", None, INT, False),
    ("43", "t", BOOL, False),
    ("1", "t", BOOL, False),
    ("43", "43", TEXT, False),
    ("'43'", "43", TEXT, True),
    ("'43'", "43", INT, False),
    ("true", "t", BOOL, True),
    ("true", "true", TEXT, False),
    ("FALSE", "f", BOOL, True),
    ("null", None, TEXT, True),
    ("null", "", TEXT, False),
    ("''", "", TEXT, True),
    ("'NULL'", None, TEXT, False),
    ("'a''b'", "a'b", TEXT, True),
    ("'a'", "A", TEXT, False),
    ("'a'", "a   ", BPCHAR, True),
    ("'a'", "a   ", TEXT, False),
    (">= 30", "30", INT, True),
    (">= 30", "29.9", NUMERIC, False),
    (">= 30", "NaN", FLOAT, True),
    ("<= 30", "NaN", FLOAT, False),
    ("<= 30", "-Infinity", FLOAT, True),
    ("between 1 and 9", "9", INT, True),
    ("between 1 and 9", "10", INT, False),
    ("<> 0", "1", INT, True),
    ("<> 0", None, INT, False),
    ("!= 'x'", "y", TEXT, True),
    ("not null", "0", INT, True),
    ("not null", None, INT, False),
    ("is null", None, INT, True),
    ("> 0", None, INT, False),
    ("'2024-01-29'", "2024-01-29", DATE, True),
    ("'2024-01-29 08:00'", "2024-01-29 08:00:00", TIMESTAMP, True),
    ("'2024-01-29 08:00+00'", "2024-01-29 09:00:00+01", TIMESTAMPTZ, True),
    ("'2024-01-29 08:00'", "2024-01-29 08:00:00+00", TIMESTAMPTZ, False),
    (">= '2024-01-29'", "2024-02-01", DATE, True),
    ("< '2024-01-29'", "2024-02-01", DATE, False),
    ("'infinity'", "infinity", DATE, True),
    ("""'{"a": 1}'""", '{"a": 1}', JSONB, True),
]


@pytest.mark.parametrize(("value", "seen", "oid", "holds"), VALUES)
def test_when_one_value_is_expected_then_it_compares_by_the_server_s_type(
    value: str, seen: str | None, oid: int, holds: bool
) -> None:
    """Numbers as numbers, text as text, NULL only equals null, a boolean is no number."""
    outcome = judge(f"expect-value: {value}", one(seen, oid)).outcome
    assert outcome is (Outcome.PASS if holds else Outcome.FAIL)


def test_when_texts_have_no_known_order_then_nothing_is_claimed() -> None:
    """The order of texts is the database's collation, which is not known here."""
    verdict = judge("expect-value: >= 'm'", one("n", TEXT))
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_CHECKED, "other-kind")


def test_when_only_the_kind_of_a_value_differs_then_the_failure_says_what_to_write() -> None:
    """The commonest surprise: SHOW and text columns return text that looks like a number."""
    assert judge("expect-value: 100", one("100", TEXT)).details == (
        "the value is text, not a number: write '100'",
    )
    assert judge("expect-value: true", one("true", TEXT)).details == (
        "the value is text, not a boolean: write 'true'",
    )


@pytest.mark.parametrize(
    ("seen", "observed"),
    [
        (result([], ("v", INT)), "no rows"),
        (result([("1",), ("1",)], ("v", INT)), "2 rows, 1 column"),
        (result([("1", "2")], ("v", INT), ("w", INT)), "1 row, 2 columns"),
        (result([("1",)], ("v", INT), complete=False, count=9), "more than 9 rows, 1 column"),
    ],
)
def test_when_one_value_is_expected_and_another_shape_comes_then_it_fails(
    seen: Result, observed: str
) -> None:
    """A value in one of several rows is not the value."""
    verdict = judge("expect-value: 1", seen)
    assert (verdict.outcome, verdict.observed) == (Outcome.FAIL, observed)


COUNTS = [
    ("expect-no-rows", 0, True),
    ("expect-no-rows", 1, False),
    ("expect-rows: 0", 0, True),
    ("expect-rows: 3", 3, True),
    ("expect-rows: 3", 4, False),
    ("expect-rows: >= 2", 2, True),
    ("expect-rows: > 2", 2, False),
    ("expect-rows: <= 2", 2, True),
    ("expect-rows: < 2", 2, False),
    ("expect-rows: <> 2", 2, False),
    ("expect-rows: 2..4", 4, True),
    ("expect-rows: 2..4", 5, False),
    ("expect-rows: between 2 and 4", 1, False),
]


@pytest.mark.parametrize(("line", "count", "holds"), COUNTS)
def test_when_a_number_of_rows_is_expected_then_the_rows_are_counted(
    line: str, count: int, holds: bool
) -> None:
    """All forms of the key."""
    seen = names(*(f"n{n}" for n in range(count)))
    assert judge(line, seen).outcome is (Outcome.PASS if holds else Outcome.FAIL)


CUT_SHORT = [
    ("expect-rows: 5", 3, Outcome.NOT_CHECKED),
    ("expect-rows: 5", 6, Outcome.FAIL),
    ("expect-rows: 3", 3, Outcome.NOT_CHECKED),
    ("expect-no-rows", 1, Outcome.FAIL),
    ("expect-no-rows", 0, Outcome.NOT_CHECKED),
    ("expect-rows: >= 2", 2, Outcome.PASS),
    ("expect-rows: >= 9", 2, Outcome.NOT_CHECKED),
    ("expect-rows: > 2", 3, Outcome.PASS),
    ("expect-rows: < 5", 3, Outcome.NOT_CHECKED),
    ("expect-rows: < 5", 5, Outcome.FAIL),
    ("expect-rows: <= 5", 6, Outcome.FAIL),
    ("expect-rows: <> 2", 3, Outcome.PASS),
    ("expect-rows: <> 5", 3, Outcome.NOT_CHECKED),
    ("expect-rows: 2..4", 3, Outcome.NOT_CHECKED),
    ("expect-rows: 2..4", 5, Outcome.FAIL),
    ("expect-value: 1", 1, Outcome.NOT_CHECKED),
    ("expect-value: 1", 2, Outcome.FAIL),
    ("expect-row: name = 'a'", 1, Outcome.NOT_CHECKED),
    ("expect-column: name every = 'a'", 1, Outcome.NOT_CHECKED),
    ("expect-column: name every = 'b'", 1, Outcome.FAIL),
    ("expect-column: name set {a}", 1, Outcome.NOT_CHECKED),
    ("expect-column: name set {b}", 1, Outcome.FAIL),
    ("expect-column: name contains {a}", 1, Outcome.PASS),
    ("expect-column: name contains {a, b}", 1, Outcome.NOT_CHECKED),
    ("expect-status: name", 1, Outcome.FAIL),
    ("expect-success", 1, Outcome.NOT_CHECKED),
    ("expect-error: 42P01", 1, Outcome.NOT_CHECKED),
    ("expect-visible", 1, Outcome.PASS),
    ("expect-same-as-before", 1, Outcome.NOT_CHECKED),
]


@pytest.mark.parametrize(("line", "count", "outcome"), CUT_SHORT)
def test_when_a_result_was_cut_short_then_only_what_it_proves_is_claimed(
    line: str, count: int, outcome: Outcome
) -> None:
    """`row_count` is then a lower bound, and the rows that were not seen may say anything."""
    seen = result([("a",)] * min(count, 1), ("name", TEXT), complete=False, count=count)
    assert judge(line, seen, names("a")).outcome is outcome


def test_when_not_every_row_was_kept_then_a_column_is_not_claimed_to_be_whole() -> None:
    """A complete count of rows is not all of their values."""
    seen = result([("a",)], ("name", TEXT), count=2)
    assert judge("expect-column: name set {a}", seen).outcome is Outcome.NOT_CHECKED
    assert judge("expect-rows: 2", seen).outcome is Outcome.PASS


def test_when_a_row_is_expected_then_each_named_column_is_compared() -> None:
    """Columns that are not named may hold anything; headings compare as SQL's names do."""
    seen = result([("43", "t", None, "x")], ("N", INT), ("on", BOOL), ("gone", TEXT), ("z", TEXT))
    assert judge("expect-row: n = 43, on = true, gone is null", seen).outcome is Outcome.PASS
    failed = judge('expect-row: "N" >= 44, on = true', seen)
    assert failed.outcome is Outcome.FAIL
    assert failed.details == ("expected N >= 44, observed 43",)
    unknown = judge("expect-row: total = 43", seen)
    assert (unknown.outcome, unknown.reason) == (Outcome.NOT_CHECKED, "no-such-column")
    assert unknown.suggestion == "name one of: N, on, gone, z"


def test_when_two_columns_have_one_heading_then_neither_is_compared() -> None:
    """`count` twice: which one is meant is not known."""
    seen = result([("1", "2")], ("count", INT), ("count", INT))
    assert judge("expect-row: count = 1", seen).outcome is Outcome.NOT_CHECKED


def test_when_a_row_is_expected_and_several_come_then_it_fails() -> None:
    """One row is part of the claim."""
    seen = result([("1",), ("1",)], ("n", INT))
    assert judge("expect-row: n = 1", seen).outcome is Outcome.FAIL


def test_when_every_row_must_hold_then_the_first_that_do_not_are_named() -> None:
    """With all their columns, so that a reader knows which rows they are."""
    seen = result([("users", "t"), ("moves", "f")], ("table", TEXT), ("rls", BOOL))
    verdict = judge("expect-column: rls every = true", seen)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.observed == "1 of 2 rows not"
    assert verdict.details == ("row 2: rls = false (table = 'moves')",)


def test_when_every_row_must_hold_and_there_is_none_then_nothing_is_claimed() -> None:
    """What holds for every row of nothing was not observed on anything."""
    verdict = judge("expect-column: name every = 'a'", names())
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_CHECKED, "no-rows")


def test_when_a_set_differs_then_missing_and_unexpected_members_are_named() -> None:
    """This is what a bare count cannot say."""
    verdict = judge("expect-column: name set {a, b, 'c d'}", names("a", "x", "x"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.details == ("missing: b, c d", "unexpected: x")


def test_when_a_set_is_equal_then_order_and_repetition_do_not_count() -> None:
    """Members mean the column's own type."""
    assert judge("expect-column: name set {b, a}", names("a", "b", "a")).outcome is Outcome.PASS
    ids = result([("1.0",), ("2",)], ("id", NUMERIC))
    assert judge("expect-column: id set {1, 2}", ids).outcome is Outcome.PASS
    assert judge("expect-column: name set {}", names()).outcome is Outcome.PASS
    holes = result([(None,), ("a",)], ("name", TEXT))
    assert judge("expect-column: name set {null, a}", holes).outcome is Outcome.PASS
    assert judge("expect-column: name set {'null', a}", holes).outcome is Outcome.FAIL


def test_when_a_column_must_contain_then_more_members_are_welcome() -> None:
    """Only what is missing fails."""
    assert judge("expect-column: name contains {a}", names("a", "z")).outcome is Outcome.PASS
    verdict = judge("expect-column: name contains {a, q}", names("a", "z"))
    assert verdict.details == ("missing: q",)


@pytest.mark.parametrize("good", ["PASS", "pass", "OK", "true", "✅ PASS", "✓ ok"])
def test_when_a_status_is_good_then_it_passes(good: str) -> None:
    """PASS, OK or true, in any case, with the check mark people put before it."""
    assert judge("expect-status: name", names(good)).outcome is Outcome.PASS


@pytest.mark.parametrize("bad", ["FAIL", "❌ PASS", "PASS?", "not ok", "", "t", "passed by"])
def test_when_a_status_is_anything_else_then_it_fails(bad: str) -> None:
    """Anything uncertain is not good."""
    assert judge("expect-status: name", names("PASS", bad)).outcome is Outcome.FAIL


def test_when_a_status_is_a_boolean_then_true_is_good() -> None:
    """The server's t is true."""
    assert judge("expect-status: v", one("t", BOOL)).outcome is Outcome.PASS
    assert judge("expect-status: v", one("f", BOOL)).outcome is Outcome.FAIL
    assert judge("expect-status: v", one(None, BOOL)).outcome is Outcome.FAIL


def test_when_no_status_comes_back_then_it_fails() -> None:
    """A check that returns no row has not passed."""
    assert judge("expect-status: name", names()).outcome is Outcome.FAIL


def test_when_the_error_is_the_expected_one_then_it_passes() -> None:
    """As pgTAP's throws_ok."""
    assert judge("expect-error: 42P01", FAILED).outcome is Outcome.PASS
    assert judge("expect-error: 42501", FAILED).outcome is Outcome.FAIL
    assert judge("expect-error: 42501", names()).outcome is Outcome.FAIL
    assert judge("expect-error: 42P01", LOST).outcome is Outcome.ERROR
    assert judge("expect-error: 42P01", Failure("57014", "timeout")).outcome is Outcome.ERROR


def test_when_the_error_comes_from_our_own_safeguard_then_nothing_is_claimed() -> None:
    """Without `as:`, row_security is off, and a filtered query fails by our own doing."""
    ours = Failure("42501", 'query would be affected by row-level security policy for table "t"')
    verdict = judge("expect-error: 42501", ours)
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_CHECKED, "own-row-security")


def test_when_a_statement_must_run_then_its_error_fails_and_a_lost_connection_is_an_error() -> None:
    """Sqitch's verify; what the server could not answer was not evaluated."""
    assert judge("expect-success", names()).outcome is Outcome.PASS
    assert judge("expect-success", FAILED).outcome is Outcome.FAIL
    assert judge("expect-success", LOST).outcome is Outcome.ERROR
    assert judge("expect-success", Failure("53200", "out of memory")).outcome is Outcome.ERROR


def test_when_a_role_must_see_its_own_rows_then_one_row_is_enough() -> None:
    """The positive control of an isolation check."""
    assert judge("expect-visible", names("a")).outcome is Outcome.PASS
    assert judge("expect-visible", names()).outcome is Outcome.FAIL


def test_when_the_result_is_as_before_then_it_passes_in_any_order() -> None:
    """Numbers as numbers, also when the column's type has changed."""
    then = result([("1", "a"), ("2", "b")], ("id", INT), ("name", TEXT))
    now = result([("2.0", "b"), ("1", "a")], ("id", NUMERIC), ("name", TEXT))
    assert judge("expect-same-as-before", now, then).outcome is Outcome.PASS


def test_when_the_result_is_not_as_before_then_the_rows_are_named() -> None:
    """Which are gone and which are new."""
    verdict = judge("expect-same-as-before", names("a", "c", "c"), names("a", "b", "c"))
    assert verdict.outcome is Outcome.FAIL
    assert verdict.details == ("no longer there: 'b'", "new: 'c'")
    other = judge("expect-same-as-before", one("a", TEXT), names("a"))
    assert other.details == ("before: name",)


@pytest.mark.parametrize(
    "before", [None, FAILED, result([("a",)], ("name", TEXT), complete=False, count=9)]
)
def test_when_nothing_whole_was_seen_before_then_nothing_is_claimed(
    before: Result | Failure | None,
) -> None:
    """There is nothing to compare with."""
    assert judge("expect-same-as-before", names("a"), before).outcome is Outcome.NOT_CHECKED


def exact(line: str, *rows: str) -> ExactResult:
    key, _, value = line.partition(":")
    found = parse_expectation(key, value.strip(), rows, first_line=2)
    assert isinstance(found, ExactResult)
    return found


def test_when_rows_are_written_out_then_each_cell_means_its_column_s_type() -> None:
    """NULL is NULL, 'NULL' a text, and E'…' holds line ends."""
    seen = result(
        [("1.0", "a b", "t"), (None, "NULL", "f"), ("3", "x\ny", "t")],
        ("id", NUMERIC),
        ("name", TEXT),
        ("on", BOOL),
    )
    rows = ["1 ¦ a b ¦ true", "NULL ¦ 'NULL' ¦ false", r"3 ¦ E'x\ny' ¦ t"]
    assert exact("expect-result", *rows).judge(seen).outcome is Outcome.PASS
    assert exact("expect-result", *rows[:2]).judge(seen).outcome is Outcome.FAIL


def test_when_rows_differ_then_missing_and_unexpected_rows_are_named() -> None:
    """In another order that is said, unless rowsort allows it."""
    wrong = exact("expect-result", "a", "b").judge(names("a", "c"))
    assert wrong.details == ("missing: b", "unexpected: 'c'")
    turned = exact("expect-result", "b", "a").judge(names("a", "b"))
    assert turned.outcome is Outcome.FAIL
    assert "ORDER BY" in turned.details[0]
    assert exact("expect-result: rowsort", "b", "a").judge(names("a", "b")).outcome is Outcome.PASS


def test_when_the_side_file_is_missing_then_the_check_says_how_to_write_it() -> None:
    """A first run cannot pass against a file that does not exist."""

    def load(name: str) -> str:
        raise FileNotFoundError(name)

    expectation = parse_expectation("expect-result", "users.csv", load=load)
    verdict = expectation.judge(names("a"))
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_CHECKED, "no-expected-file")
    assert "--dbmigrate-update-expected" in verdict.suggestion


@pytest.mark.parametrize("key", [k for k in EXPECT_KEYS if k != "expect-error"])
def test_when_the_statement_failed_then_nothing_passes(key: str) -> None:
    """An error never equals "no rows"."""
    value = {
        "expect-value": "0",
        "expect-rows": "0",
        "expect-row": "n = 0",
        "expect-column": "n set {}",
        "expect-status": "n",
    }.get(key, "")
    rows = ["a"] if key == "expect-result" else []
    verdict = parse_expectation(key, value, rows).judge(FAILED, names())
    assert verdict.outcome in {Outcome.ERROR, Outcome.FAIL}
    assert "42P01" in verdict.observed


NORMAL = [
    ("expect-value: 1,234", "expect-value: 1234"),
    ("expect-value: = 5", "expect-value: 5"),
    ("expect-value: ≥ 5", "expect-value: >= 5"),
    ("expect-value: != null", "expect-value: not null"),
    ("expect-value: TRUE", "expect-value: true"),
    ("expect-value: BETWEEN 1 AND 9", "expect-value: between 1 and 9"),
    ("expect-no-rows", "expect-rows: 0"),
    ("expect-rows: >=2", "expect-rows: >= 2"),
    ("expect-rows: 2 .. 4", "expect-rows: 2..4"),
    ("expect-row: a=1,b  >= 2", "expect-row: a = 1, b >= 2"),
    ('expect-row: "a b" IS NULL', 'expect-row: "a b" is null'),
    ("expect-column: a EVERY true", "expect-column: a every = true"),
    ("expect-column: a set { x , 'y' }", "expect-column: a set {x, y}"),
    ("expect-column: a contains {'x, y'}", "expect-column: a contains {'x, y'}"),
    ("expect-error: 42p01", "expect-error: 42P01"),
]


@pytest.mark.parametrize(("written", "normal"), NORMAL)
def test_when_an_expectation_is_read_then_its_text_is_one_normal_form(
    written: str, normal: str
) -> None:
    """And reading the normal form gives the same again."""
    for line in (written, normal):
        key, _, value = line.partition(":")
        assert parse_expectation(key, value.strip()).text == normal


WRONG = [
    ("expect-value", "", "a value is missing"),
    ("expect-value", "on", "on is not a number, 'text', true, false or null"),
    ("expect-value", "'x", "the text 'x is not closed by a quote"),
    ("expect-value", ">= true", "true has no order, as in >= true"),
    ("expect-value", "between 9 and 1", "nothing is between 9 and 1"),
    ("expect-value", "between 1 and 'x'", "1 and 'x' are not of one kind"),
    ("expect-rows", "", "the number of rows is missing"),
    ("expect-rows", "some", "some is not a number of rows"),
    ("expect-rows", "4..2", "no number is in 4..2"),
    ("expect-rows", "< 0", "no number of rows is below 0"),
    ("expect-no-rows", "0", "expect-no-rows takes no value"),
    ("expect-row", "", "the columns are missing"),
    ("expect-row", "a", "a is not a column and a value"),
    ("expect-row", "a = 1, a = 2", "column a is named twice"),
    ("expect-row", "a = x", "x is not a number, 'text', true, false or null"),
    ("expect-column", "a", "a is not an expectation on a column"),
    ("expect-column", "a set {b", "the set is not closed"),
    ("expect-column", "a set {b,,c}", "a member is empty"),
    ("expect-column", "a contains {}", "every column contains {}"),
    ("expect-column", "a every = x", "x is not a number, 'text', true, false or null"),
    ("expect-status", "", "the column is missing"),
    ("expect-status", "a b", "a b is not a column"),
    ("expect-error", "", "the SQLSTATE is missing"),
    ("expect-error", "4250", "4250 is not a SQLSTATE"),
    ("expect-error", "00000", "00000 is no error"),
    ("expect-error", "25006", "every check runs read-only, so a write always fails with 25006"),
    ("expect-result", "", "no rows follow expect-result"),
    ("expect-result", "rowsort a b", "a b is not what may follow expect-result"),
    ("expect-result", "../x.csv", "../x.csv is outside this folder"),
    ("expect-result", "x.csv", "x.csv cannot be read here"),
]


@pytest.mark.parametrize(("key", "value", "problem"), WRONG)
def test_when_a_value_does_not_parse_then_the_error_says_what_and_what_to_write(
    key: str, value: str, problem: str
) -> None:
    """Never ignored, never guessed."""
    with pytest.raises(BadValueError) as caught:
        parse_expectation(key, value)
    assert caught.value.problem == problem
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("expect-value: 1", 2),
        ("expect-row: a = 1", 2),
        ("expect-rows: 3", 4),
        ("expect-rows: 2..40000", 40001),
        ("expect-no-rows", 1),
        ("expect-visible", 1),
    ],
)
def test_when_asked_how_many_rows_matter_then_one_more_than_the_largest_number_is_said(
    line: str, needed: int
) -> None:
    """So that the server need not send ten million."""
    key, _, value = line.partition(":")
    assert parse_expectation(key, value.strip()).rows_needed == needed


def test_when_a_count_fails_then_the_line_that_would_have_named_the_difference_is_offered() -> None:
    """A bare count is brittle: it says that something differs, not what."""
    verdict = judge("expect-rows: 3", names("b", "a"))
    assert verdict.details == (
        "a bare count is brittle; observed now, to compare: expect-column: name set {a, b}",
    )
    assert judge("expect-no-rows", names("a")).details == ()
