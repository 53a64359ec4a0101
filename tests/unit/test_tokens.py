"""SQL text as PostgreSQL's own tokens, by example."""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.statements import tokens


def kinds(sql: str) -> list[tuple[str, str]]:
    """The tokens of `sql`; each must stand where it says."""
    found = list(tokens(sql))
    assert all(sql[token.start :].startswith(token.text) for token in found)
    return [(token.kind, token.text) for token in found]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('a_1$ É日本 "b""c" u&"d"', ["word", "word", "quoted", "quoted"]),
        ("'a''b' E'\\'' U&'c' B'1' x'F' N'n' $$d$$ $e$f$e$", ["string"] * 8),
        ("1 1.5 .5 1. 1e5 1.5E-3 0x1F 0o17 0b1 1_000", ["number"] * 10),
        ("$1 $23", ["parameter"] * 2),
        ("( ) [ ] , ; : . $ { }", ["punctuation"] * 11),
        ("+ - <> != >= <= => || :: := .. ~* @- #>> ->> ?| `", ["operator"] * 17),
    ],
)
def test_each_kind_is_recognized(sql: str, expected: list[str]) -> None:
    """Split at the spaces, each part is one token of the kind."""
    assert [kind for kind, _ in kinds(sql)] == expected
    assert [text for _, text in kinds(sql)] == sql.split(" ")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a=-1", ["a", "=", "-", "1"]),
        ("a<=+-1", ["a", "<=", "+", "-", "1"]),
        ("a@-1", ["a", "@-", "1"]),
        ("+-+", ["+", "-", "+"]),
        ("1..10", ["1", "..", "10"]),
        ("1...5", ["1", "..", ".5"]),
        ("a.b.*", ["a", ".", "b", ".", "*"]),
        ("a:::b", ["a", "::", ":", "b"]),
        ("a[1:b]", ["a", "[", "1", ":", "b", "]"]),
        (":'v' :\"w\" :x", [":", "'v'", ":", '"w"', ":", "x"]),
        ("1e 1e- 0x", ["1", "e", "1", "e", "-", "0", "x"]),
        ("a<--b\nc +/*d*/e */", ["a", "<", "c", "+", "e", "*/"]),
        ("$q a$$b $1$$c$$", ["$", "q", "a$$b", "$1", "$$c$$"]),
        ("tablE'a' nE 'b'", ["tablE", "'a'", "nE", "'b'"]),
        ("B'1''0'", ["B'1'", "'0'"]),
        ("'a' -- b\n 'c' 'd'", ["'a' -- b\n 'c'", "'d'"]),
        ("E'a'\n'b\\'' /* c */\n'd'", ["E'a'\n'b\\''", "'d'"]),
    ],
)
def test_neighbours_split_where_postgresql_splits_them(sql: str, expected: list[str]) -> None:
    """Longest match, with PostgreSQL's exceptions for signs, comments and continued strings."""
    assert [text for _, text in kinds(sql)] == expected


def test_comments_and_white_space_are_left_out() -> None:
    """Nested ones too."""
    assert kinds("/* a /* b */ */ x -- y\n\t\f\r\n") == [("word", "x")]


@pytest.mark.parametrize("sql", ["SELECT 'a", "E'a'\n'b\\'", '"', "$$", "/*", "\\d", "\0", "\v"])
def test_what_cannot_be_read_is_refused_without_a_file_name(sql: str) -> None:
    """The text may come from anywhere."""
    with pytest.raises(SpecError, match=r"^<sql>:\d+:\d+: "):
        list(tokens(sql))
