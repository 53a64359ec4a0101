"""Which statement a comment belongs to: the seven rules, and what is not certain."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.annotations import read_checks
from pytest_dbmigrate.spec.statements import scan


def read(text: str) -> list[str]:
    """For each statement its expectation, or the reason why it has none."""
    return [
        c.expectation.text.removeprefix("expect-")
        if c.expectation and c.reading.status == "checked"
        else c.reading.reason or "-"
        for c in read_checks(scan(text, "x.sql"))
    ]


A, B, C = (f"SELECT count(*) FROM {t};\n" for t in "abc")
E1, E2, E3 = (f"-- Expected: {n}\n" for n in (1, 2, 3))
GAP = "\n"
TITLE = "-- 2. next\n"
PROSE = "-- Users who never came back\n"
BANNER = "-- ======\n-- MORE\n-- ======\n"
UNSURE = "ambiguous-attachment"

PLACES = [
    # 1 on the line of `;`
    ("SELECT count(*) FROM a; -- Expected: 1\n" + B, ["value: 1", "-"]),
    ("SELECT count(*)\nFROM a; -- Expected: 1\n" + E2 + B, ["value: 1", "value: 2"]),
    ("SELECT 1; SELECT count(*) FROM a; -- Expected: 1", ["-", "several-statements-on-line"]),
    # 2 adjacent after
    (A + E1 + GAP + B, ["value: 1", "-"]),
    (A + E1 + GAP + B + E2, ["value: 1", "value: 2"]),
    # 3 adjacent before
    (A + GAP + E2 + B, ["-", "value: 2"]),
    (E1 + A + GAP + E2 + B, ["value: 1", "value: 2"]),
    # touching both: a title parts them
    (A + E1 + TITLE + B + E2, ["value: 1", "value: 2"]),
    (A + TITLE + E2 + B, ["-", "value: 2"]),
    (A + "-- 2. next (expected: 2)\n" + B, ["-", "value: 2"]),
    (A + E1 + BANNER + B, ["value: 1", "-"]),
    (A + E1 + "\\echo 'next'\n" + B, ["value: 1", "-"]),
    # touching both without a title: prose above describes the next, the file's habit decides
    (A + PROSE + E2 + B, ["-", "value: 2"]),
    (A + E1 + PROSE + B, ["value: 1", "-"]),
    (A + E1 + B, ["value: 1", "-"]),
    (A + E1 + B + E2 + C + E3, ["value: 1", "value: 2", "value: 3"]),
    (E1 + A + E2 + B + E3 + C, ["value: 1", "value: 2", "value: 3"]),
    (E1 + A + E2 + PROSE + B, ["value: 1", UNSURE]),
    (E1 + A + GAP + B + E2 + GAP + A + E3 + B, ["value: 1", "value: 2", UNSURE, UNSURE]),
    # 4 apart from both
    (A + GAP + E1 + GAP + TITLE + B, ["value: 1", "-"]),
    (A + GAP + E1 + GAP + BANNER + GAP + B, ["value: 1", "-"]),
    (A + GAP + TITLE + E2 + GAP + B, ["-", "value: 2"]),
    (A + GAP + E1 + GAP + PROSE + B, ["value: 1", "-"]),
    (E1 + GAP + A, ["value: 1"]),
    (A + GAP + E1, ["value: 1"]),
    (E1 + GAP + A + GAP + B, [UNSURE, "-"]),
    (E1 + GAP + A + GAP + E2 + B, ["value: 1", "value: 2"]),
    (A + GAP + E1 + GAP + B + GAP + E2, ["value: 1", "value: 2"]),
    (E1 + GAP + A + GAP + E2 + GAP + B, ["value: 1", "value: 2"]),
    (A + GAP + E1 + GAP + B, [UNSURE, UNSURE]),
    (A + GAP + B + GAP + E2, ["-", UNSURE]),
    (A + E1 + GAP + B + GAP + E2, ["value: 1", "value: 2"]),
    (A + E1 + GAP + B + GAP + E2 + GAP + C, ["value: 1", "value: 2", "-"]),
    (E1 + A + GAP + E2 + GAP + B, ["value: 1", "value: 2"]),
    # the heading of a section of several statements
    (A + GAP + "-- ==\n-- MORE (must be 0)\n-- ==\n" + GAP + B + GAP + C, ["-", "-", "-"]),
    (A + GAP + "-- ==\n-- MORE (must be 0)\n-- ==\n" + GAP + TITLE + B, ["-", "-"]),
    (A + GAP + "-- ==\n-- MORE (must be 0)\n-- ==\n" + B, ["-", "value: 0"]),
    (A + GAP + "-- ==\n-- MORE (must be 0)\n-- ==\n" + GAP + B, ["-", "value: 0"]),
    # 5 commented-out SQL
    ("-- SELECT count(*) FROM old;\n-- Expected: 7\n" + A, ["-"]),
    (A + "-- SELECT count(*) FROM old; -- Expected: 7\n", ["-"]),
    ("-- select id from old where x = 1;\n-- Expected: 7\n\n" + A, ["-"]),
    ("-- Select the users who came back\n-- Expected: 7\n" + A, ["value: 7"]),
    # 6 footers
    (A + GAP + B + GAP + "-- Query 1: should return 5\n-- Query 2: should return 6\n", ["-", "-"]),
    (A + GAP + B + GAP + "-- Query 1: should return 5\n", ["-", "-"]),
    (A + "-- Query 6: should return 5\n", ["-"]),
    # 7 inside
    ("SELECT count(*) -- Expected: 1\nFROM a;\n", ["inside-statement"]),
    ("SELECT count(*) FROM a\n-- Expected: 1\n;\n", ["inside-statement"]),
    ("SELECT count(*) /* Expected: 1 */ FROM a;\n", ["inside-statement"]),
    ("SELECT count(*) -- Expected: 1\nFROM a;\n" + E1, ["inside-statement"]),
    # two clauses
    (E1 + A + E1, ["value: 1"]),
    (E1 + A + E2, ["conflict"]),
    (E1 + "SELECT count(*) FROM a; -- Expected: 1\n", ["value: 1"]),
    ("-- 1. a (expected: 1)\n" + A + "-- Expected: all of them\n", ["partial"]),
    # block comments and line ends
    ("/* Expected: 1 */ SELECT count(*) FROM a;\n", ["value: 1"]),
    (A.replace("\n", "\r\n") + "-- Expected: 1\r\n\r\n" + B, ["value: 1", "-"]),
]


@pytest.mark.parametrize(("text", "expected"), PLACES)
def test_when_a_comment_stands_there_then_it_belongs_to_that_statement_or_to_none(
    text: str, expected: list[str]
) -> None:
    """In doubt no expectation sticks to any statement."""
    assert read(text) == expected
