"""Layer A keys, file-level keys, titles, names, query sets and parameter cases of one file."""

from __future__ import annotations

import re

import pytest

from pytest_dbmigrate.spec.annotations import Check, read_checks
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.phases import BEFORE, FINAL, HEALTH, Phase
from pytest_dbmigrate.spec.statements import scan


def checks(text: str) -> tuple[Check, ...]:
    return read_checks(scan(text, "checks.sql"))


def only(text: str) -> Check:
    (check,) = checks(text)
    return check


def refused(text: str) -> SpecError:
    with pytest.raises(SpecError) as caught:
        checks(text)
    return caught.value


@pytest.mark.parametrize(
    "comment",
    [
        "-- expect-value: 1\nSELECT 1;",
        "SELECT 1; -- expect-value: 1",
        "SELECT 1;\n-- expect-value: 1",
        "-- @expect-value: 1\nSELECT 1;",
        "-- EXPECT_VALUE: 1\nSELECT 1;",
        "/* expect-value: 1 */\nSELECT 1;",
        "/*\n * expect-value: 1\n */ SELECT 1;",
        "-- Check 1: one\n-- expect-value : 1\nSELECT 1;",
    ],
)
def test_when_a_key_stands_at_its_statement_then_it_is_read(comment: str) -> None:
    """Directly before, on the line of `;`, or directly after; `-` and `_` are equal."""
    check = only(comment)
    assert check.expectation is not None
    assert check.expectation.text == "expect-value: 1"
    assert check.reading.status == "checked"


def test_when_every_other_key_is_given_then_the_check_holds_them() -> None:
    """One statement with all of them."""
    check = only(
        "-- name: Users.seen\n-- set: Users\n-- phase: after V011\n-- since: 011\n-- until: 013\n"
        '-- as: "Web User"\n-- claims: {"sub": "4f"}\n-- timeout: 2 s\n-- tags: slow, billing\n'
        "-- skip: until the role exists\n-- severity: info\n-- expect-visible\nSELECT 1;"
    )
    assert check.name == "users.seen"
    assert check.query_set == "Users"
    assert check.phase == Phase("after", "011")
    assert (check.since, check.until) == ("011", "013")
    assert (check.as_role, check.claims) == ("Web User", '{"sub": "4f"}')
    assert check.timeout == 2_000
    assert check.tags == ("slow", "billing")
    assert check.skip == "until the role exists"
    assert check.informational


@pytest.mark.parametrize(
    ("value", "phase"),
    [
        ("before", BEFORE),
        ("FINAL", FINAL),
        ("health", HEALTH),
        ("after 011", Phase("after", "011")),
        ("After v12", Phase("after", "12")),
    ],
)
def test_when_a_phase_is_given_then_the_check_runs_in_it(value: str, phase: Phase) -> None:
    """Without one it is final."""
    assert only(f"-- phase: {value}\nSELECT 1;").phase == phase
    assert only("SELECT 1;").phase == FINAL


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [("500 ms", 500), ("5s", 5_000), ("2 min", 120_000), ("1h", 3_600_000)],
)
def test_when_a_timeout_is_given_then_it_is_in_milliseconds(value: str, milliseconds: int) -> None:
    """A unit is required, so that 5 is never read as milliseconds."""
    assert only(f"-- timeout: {value}\nSELECT 1;").timeout == milliseconds


# file, where and what is wrong, what to write
WRONG = [
    (
        "-- expect-valeu: 1\nSELECT 1;",
        "checks.sql:1:4: expect-valeu is no key",
        "write expect-value: 1",
    ),
    (
        "-- expectvalue: 1\nSELECT 1;",
        "checks.sql:1:4: expectvalue is no key",
        "write expect-value: 1",
    ),
    (
        "-- expected_rows: 1\nSELECT 1;",
        "checks.sql:1:4: expected-rows is no key",
        "write expect-rows: 1",
    ),
    (
        "-- expect-norows\nSELECT 1;",
        "checks.sql:1:4: expect-norows is no key",
        "write expect-no-rows",
    ),
    (
        "-- expect-value 1\nSELECT 1;",
        "checks.sql:1:4: expect-value has no colon",
        "write expect-value: 1",
    ),
    (
        "-- expect-value: on\nSELECT 1;",
        "checks.sql:1:18: on is not a number, 'text', true, false or null",
        "text is quoted: 'on'",
    ),
    (
        "SELECT 1;\n--   expect-row: a = 1, b\n",
        "checks.sql:2:24: b is not a column and a value",
        "write col = value, col2 >= value2, col3 is null",
    ),
    (
        "-- expect-rows: 1\n-- expect-value: 1\nSELECT 1;",
        "checks.sql:2:4: an expectation was already given on line 1",
        "give one; for a second expectation write the statement a second time",
    ),
    (
        "-- phase: befor\n-- expect-value: 1\nSELECT 1;",
        "checks.sql:1:11: befor is no phase",
        "write before",
    ),
    (
        "-- phase: after\nSELECT 1;",
        "checks.sql:1:11: after is no phase",
        "write after 011",
    ),
    ("-- since: eleven\nSELECT 1;", "checks.sql:1:11: eleven is no migration", "write its number"),
    ("-- since: 12\n-- until: 11\nSELECT 1;", "checks.sql:2:4: no version is from 12", "swap them"),
    ("-- timeout: 5\nSELECT 1;", "checks.sql:1:13: 5 is no duration", "write 500 ms, 5 s or 2 min"),
    ("-- timeout: 0 s\nSELECT 1;", "checks.sql:1:13: 0 s is no usable limit", "write between"),
    ("-- tags: a-b\nSELECT 1;", "checks.sql:1:10: a-b cannot be a mark", "write a_b"),
    ("-- tags: skip\nSELECT 1;", "checks.sql:1:10: skip is a mark of pytest", "write skip: reason"),
    ("-- skip:\nSELECT 1;", "checks.sql:1:9: the reason is missing", "write skip: why"),
    ("-- severity: low\nSELECT 1;", "checks.sql:1:14: low is no severity", "write info, or"),
    ("-- as: a b\nSELECT 1;", "checks.sql:1:8: a b is no role", "write its name"),
    (
        "-- as: a\n-- claims: {sub}\nSELECT 1;",
        "checks.sql:2:13: the claims are not JSON",
        "write {",
    ),
    ("-- as: a\n-- claims: [1]\nSELECT 1;", "checks.sql:2:12: the claims are no JSON", "write {"),
    ('-- claims: {"a": 1}\nSELECT 1;', "checks.sql:1:4: claims without a role", "add as: "),
    ("-- expect-visible\nSELECT 1;", "checks.sql:1:4: expect-visible without a role", "add as: "),
    (
        "-- phase: before\n-- expect-same-as-before\nSELECT 1;",
        "checks.sql:2:4: nothing is before the phase before",
        "leave phase: out",
    ),
    ("-- param: a\nSELECT 1;", "checks.sql:1:11: a is no parameter", "write table = moves"),
    ("-- param: a = b |\nSELECT 1;", "checks.sql:1:15: a value is empty", "write table = moves"),
    ("-- param: a = b | b\nSELECT 1;", "checks.sql:1:15: b is listed twice", "list each value"),
    (
        "-- param: a = b\n-- param: a = c\nSELECT :'a';",
        "checks.sql:2:11: a was already given",
        "list all its values",
    ),
    (
        "-- param: a = b\nSELECT :a;",
        "checks.sql:1: the statement does not use the parameter a",
        "write :'a' for a value",
    ),
    ("-- name: ...\nSELECT 1;", "checks.sql:1:10: ... gives no name", "write letters"),
    (
        "-- name: a\nSELECT 1;\n\n-- name: A\nSELECT 2;",
        "checks.sql:4: the name a is already that of the check on line 1",
        "give each check a name of its own",
    ),
    (
        "SELECT\n  1 -- expect-value: 1\n;",
        "checks.sql:2:8: a key inside a statement",
        "put it above the statement",
    ),
    (
        "SELECT 1; SELECT 2; -- expect-value: 2",
        "checks.sql:1:24: several statements end on this line",
        "give each statement a line of its own",
    ),
    (
        "SELECT 1;\n-- expect-value: 2\nSELECT 2;",
        "checks.sql:2:4: this key could belong to the statement above or to the one below",
        "put it directly above its statement, with an empty line above it",
    ),
    (
        "SELECT 1;\n\n-- expect-value: 2\n\nSELECT 2;",
        "checks.sql:3:4: this key could belong",
        "put it directly above",
    ),
    (
        "SELECT 1;\n\n-- 2. later\n-- expect-value: 2\n\n-- 3. other\nSELECT 2;",
        "checks.sql:4:4: this key belongs to no statement",
        "put it directly above its statement",
    ),
    (
        "-- name: all\n\nSELECT 1;",
        "checks.sql:1: a name at the head of the file",
        "put it above its statement",
    ),
    (
        "INSERT INTO t VALUES (1);",
        "checks.sql:1:1: INSERT is not a query, so nothing",
        "take it out",
    ),
    ("SELECT 1;\nEXPLAIN SELECT 1;", "checks.sql:2:1: EXPLAIN shows a plan", "check the result"),
]


@pytest.mark.parametrize(("text", "message", "remedy"), WRONG)
def test_when_a_file_is_wrong_then_the_error_points_at_the_place_and_says_what_to_write(
    text: str, message: str, remedy: str
) -> None:
    """Never ignored: file, line, column, problem, remedy."""
    error = refused(text)
    assert str(error).startswith(message)
    assert error.remedy.startswith(remedy)


def test_when_an_error_has_a_column_then_the_caret_stands_under_it() -> None:
    """The whole message, as a reader sees it."""
    assert str(refused("SELECT 1; -- expect-value: on")) == (
        "checks.sql:1:28: on is not a number, 'text', true, false or null\n"
        "  SELECT 1; -- expect-value: on\n"
        "                             ^\n"
        "  text is quoted: 'on'"
    )


def test_when_keys_stand_at_the_head_of_the_file_then_they_apply_to_all_of_it() -> None:
    """Before the first statement and followed by an empty line; a statement's own key wins."""
    first, second = checks(
        "-- Everything after 011\n-- phase: after 011\n-- tags: slow\n-- expect-no-rows\n\n"
        "SELECT a FROM t;\n\n-- phase: final\n-- expect-rows: 2\nSELECT b FROM t;"
    )
    assert (first.phase, second.phase) == (Phase("after", "011"), FINAL)
    assert first.tags == second.tags == ("slow",)
    texts = [c.expectation.text for c in (first, second) if c.expectation]
    assert texts == ["expect-rows: 0", "expect-rows: 2"]


def test_when_a_phrase_disagrees_with_the_head_of_the_file_then_it_is_not_checked() -> None:
    """Neither is the author's last word."""
    check = only("-- expect-no-rows\n\n-- Expected: 2 rows\nSELECT a FROM t;")
    assert (check.reading.status, check.reading.reason) == ("not-checked", "conflict")


def test_when_keys_touch_the_first_statement_then_they_are_its_own() -> None:
    """No empty line between: not the file's."""
    first, second = checks("-- phase: before\nSELECT 1;\n\nSELECT 2;")
    assert (first.phase, second.phase) == (BEFORE, FINAL)


@pytest.mark.parametrize(
    "comment",
    ["Phase: Week 1 of 3", "Tags: a-b, c-d", "Since: last Monday", "As: agreed with the team"],
)
def test_when_prose_only_looks_like_a_key_then_it_stays_prose(comment: str) -> None:
    """A capital, a value that does not parse, and no `expect-…` key in the file."""
    assert (
        only(f"-- {comment}\n-- Expected: 1\nSELECT count(*) FROM t;").reading.status == "checked"
    )
    assert refused(f"-- {comment}\n-- expect-value: 1\nSELECT 1;").line == 1


def test_when_keys_and_phrases_are_given_then_the_key_wins() -> None:
    """Layer A always wins over layer B."""
    check = only("-- Expected: 2\n-- expect-value: 1\nSELECT 1;")
    assert check.expectation is not None
    assert check.expectation.text == "expect-value: 1"


TITLES = [
    ("-- Check 6: RLS policies\nSELECT 1;", "Check 6: RLS policies", "check_6_rls_policies"),
    ("-- 3. Policies (expected: 4)\nSELECT 1;", "3. Policies", "3_policies"),
    ("-- Test 2: Orphans — expected 0\nSELECT 1;", "Test 2: Orphans", "test_2_orphans"),
    ("-- ====\n-- 1. TABLES\n-- ====\nSELECT 1;", "1. TABLES", "1_tables"),
    ("-- Users without an email\n-- Expected: 0\nSELECT 1;", "Users without an email", ""),
    ("\\echo '2. Programs'\nSELECT 1;", "2. Programs", "2_programs"),
    ("-- 1.5 Übergänge / Größen\nSELECT 1;", "1.5 Übergänge / Größen", "1_5_ubergange_groen"),
    ("-- 1. one\n\nSELECT 1;", "1. one", "1_one"),
    ("-- name: GetUser :one\nSELECT 1;", "GetUser", "getuser"),
    ("-- name: get-users^\nSELECT 1;", "get-users", "get-users"),
]


@pytest.mark.parametrize(("text", "title", "name"), TITLES)
def test_when_a_statement_has_a_title_then_it_names_the_check(
    text: str, title: str, name: str
) -> None:
    """The author's text for people, a slug of [a-z0-9_.-] for pytest."""
    check = only(text)
    assert check.title == title
    assert not name or check.name == name
    assert re.fullmatch(r"[a-z0-9_.-]+", check.name)


def test_when_titles_are_missing_or_equal_then_a_stable_suffix_tells_checks_apart() -> None:
    """It is drawn from the statement, so that a check keeps its name when others come or go."""
    text = "SELECT 1;\n\n-- 1. a\nSELECT 2;\n\n-- 1. a\nSELECT 3;\n\nSELECT 1;\n"
    names = [c.name for c in checks(text)]
    assert len(set(names)) == 4
    assert all(re.fullmatch(r"(query|1_a)-[0-9a-f]{6}(-2)?", name) for name in names)
    later = [c.name for c in checks("SELECT 0;\n\n" + text)]
    assert later[1:] == names
    assert [c.name for c in checks(text.replace("SELECT 2", "SELECT  2"))] == names


def test_when_sets_are_headed_then_each_check_stands_in_the_last_one() -> None:
    """`QUERY SET` lines and banners name it; the key `set:` names it for one check."""
    text = """-- QUERY SET 1: Conflicts

-- 1. a
SELECT 1;

-- ==========
-- Tables
-- ==========

-- 2. b
SELECT 2;

-- set: Other
SELECT 3;

-- ==== Policies ====

-- 3. c
SELECT 4;
"""
    sets = [c.query_set for c in checks(text)]
    assert sets == ["QUERY SET 1: Conflicts", "Tables", "Other", "Policies"]


def test_when_parameters_are_given_then_there_is_one_check_for_each_case() -> None:
    """Filled in as psql does: a literal, an identifier."""
    found = checks(
        "-- name: seen\n-- param: table = moves | Odd \"T | it's\n-- param: role = a | b\n"
        "-- expect-no-rows\nSELECT :'role' FROM :\"table\" WHERE x = :'table';"
    )
    assert [c.name for c in found] == [
        "seen.moves.a", "seen.moves.b", "seen.odd_t.a", "seen.odd_t.b", "seen.it_s.a",
        "seen.it_s.b",
    ]  # fmt: skip
    assert [c.case for c in found][:2] == ["moves.a", "moves.b"]
    assert found[0].sql == "SELECT 'a' FROM \"moves\" WHERE x = 'moves'"
    assert found[2].sql == 'SELECT \'a\' FROM "Odd ""T" WHERE x = \'Odd "T\''
    assert found[5].sql == "SELECT 'b' FROM \"it's\" WHERE x = 'it''s'"


def test_when_two_cases_have_one_slug_then_they_get_different_names() -> None:
    """`a b` and `a-b` may both be a_b."""
    found = checks("-- name: n\n-- param: x = a b | a/b | a,b\nSELECT :'x';")
    assert [c.name for c in found] == ["n.a_b", "n.a_b-2", "n.a_b-3"]


def test_when_a_parameter_is_not_given_then_the_check_is_not_checked() -> None:
    """Somebody still has to fill it in; nothing may pass by finding nothing."""
    check = only("-- Expected: 0 rows\nSELECT a FROM t WHERE id = :'id';")
    assert (check.reading.reason, check.reading.words) == ("placeholder", ":'id'")


def test_when_a_cast_stands_before_a_quoted_type_then_it_is_no_parameter() -> None:
    """`::"char"` is SQL, as are slices and :=."""
    sql = "SELECT a::\"char\", b[1:2], f(x := 1) FROM t WHERE c = ':''x'''"
    assert only(f"-- Expected: 0 rows\n{sql};").reading.status == "checked"


def test_when_the_first_of_several_checks_is_read_then_lines_and_text_are_the_author_s() -> None:
    """What is sent is the statement without its `;`, comments inside kept."""
    check = checks("-- 1. a\nSELECT 1 -- one\n  ;\n\nSELECT 2;")[0]
    assert (check.path, check.line, check.end_line) == ("checks.sql", 2, 3)
    assert check.sql.rstrip() == "SELECT 1 -- one"
