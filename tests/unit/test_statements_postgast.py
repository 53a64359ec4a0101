"""The scanner agrees with PostgreSQL's own parser (version 18, by way of postgast)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_dbmigrate.spec.statements import Token, scan, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

postgast = import_module("postgast")  # so, because mypy cannot read its stubs
CORPUS = (Path(__file__).parent / "data" / "tricky.sql").read_text(encoding="utf-8")
STATEMENTS = [statement.text for statement in scan(CORPUS, "tricky.sql").statements]

# Between two tokens; none holds what could continue a string.
_GAPS = [" ", "  ", "\n", "\t", "\f", "\r\n", " /* ; */ ", "/* ' /* $$ */ ; */", " -- ; it's\n"]

# After these postgast's parser looks at the next token, and takes a comment for it.
_LOOK_AHEAD = {"FORMAT", "NOT", "NULLS", "UESCAPE", "WITH", "WITHOUT"}


def assert_agreement(sql: str) -> None:
    """Require the parser's statements, allowing it the comments and white space around them."""
    ours = scan(sql, "f.sql").statements
    theirs = postgast.split(sql)
    assert len(ours) == len(theirs)
    position = 0
    for statement, piece in zip(ours, theirs, strict=True):
        start = sql.index(piece, position)
        position = start + len(piece)
        assert start <= statement.start
        assert statement.end <= position
        assert not list(meaningful(sql[start : statement.start]))
        assert not list(meaningful(sql[statement.end : position]))


def meaningful(sql: str) -> Iterator[tuple[int, int]]:
    """The parser's own tokens that are no comments, as character offsets."""
    offsets = byte_offsets(sql)
    for token in postgast.scan(sql).tokens:
        start, end = offsets[token.start], offsets[token.end]
        if not sql.startswith(("--", "/*"), start):
            yield start, end


def byte_offsets(sql: str) -> dict[int, int]:
    """From offsets in UTF-8 to offsets in characters."""
    offsets, size = {0: 0}, 0
    for index, character in enumerate(sql, 1):
        size += len(character.encode())
        offsets[size] = index
    return offsets


def test_the_corpus_splits_where_the_parser_splits_it() -> None:
    """As one text, with all its comments."""
    assert len(STATEMENTS) > 110
    assert_agreement(CORPUS)


@pytest.mark.parametrize("end", ["\r\n", "\n\n"])
def test_the_corpus_with_other_line_ends_splits_where_the_parser_splits_it(end: str) -> None:
    """Windows' line ends, and blank lines everywhere."""
    assert_agreement(CORPUS.replace("\n", end))


@pytest.mark.parametrize("statement", STATEMENTS)
def test_each_statement_has_the_parsers_tokens(statement: str) -> None:
    """All of them, at the same places."""
    ours = [(token.start, token.start + len(token.text)) for token in tokens(statement)]
    assert ours == _national_strings_joined(statement, list(meaningful(statement)))


def _national_strings_joined(
    statement: str, spans: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """PostgreSQL reads N'…' as two tokens, we as one."""
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        if joined and statement[start] == "'" and statement[slice(*joined[-1])] in {"N", "n"}:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_generated_files_split_where_the_parser_splits_them(
    statements: list[str], random: Random
) -> None:
    """Statements of the corpus with every gap between their tokens filled anew."""
    sql = ""
    for statement in statements:
        before = Token("punctuation", ";", 0)
        for token in tokens(statement):
            strings = token.kind == before.kind == "string"  # a newline would make them one
            blind = before.text.upper() in _LOOK_AHEAD or token.text == "UESCAPE"
            sql += (" " if strings or blind else random.choice(_GAPS)) + token.text
            before = token
        sql += random.choice([";", " ;", "\n;\n", "/* ; */;", ";;", "; -- ;\n"])
    assert_agreement(sql)


class TestKnownDifferences:
    """Where we follow the server and postgast does not. One that goes away should fail here."""

    def test_a_comment_between_the_parts_of_a_string_hides_the_later_parts_from_postgast(
        self,
    ) -> None:
        r"""Its lexer returns comments as tokens, so the part after one is read without `\'`.

        tests/server/test_statements_psql.py shows that the server reads one string.
        """
        sql = "SELECT E'a' -- b\n 'c\\'; SELECT 2 -- '"
        assert len(scan(sql, "f.sql").statements) == 1
        assert len(postgast.split(sql, method="scanner")) == 2

    @pytest.mark.parametrize(
        "sql",
        [
            "SELECT U&'!0061' /* b */ UESCAPE '!'; SELECT 2",
            "SELECT a FROM t ORDER BY a NULLS /* b */ LAST; SELECT 2",
        ],
    )
    def test_a_comment_where_the_grammar_looks_ahead_does_not_parse_in_postgast(
        self, sql: str
    ) -> None:
        """For the same reason."""
        assert len(scan(sql, "f.sql").statements) == 2
        with pytest.raises(postgast.PgQueryError):
            postgast.split(sql)

    @pytest.mark.parametrize(
        "sql",
        [
            "CREATE TABLE t (a int) WITH OIDS; SELECT 2",  # up to 11
            "SELECT 1a; SELECT 2",  # up to 14
            "SELECT * FROM t WHERE a !; SELECT 2",  # a postfix operator, up to 13
        ],
    )
    def test_statements_of_another_version_do_not_parse_in_postgast(self, sql: str) -> None:
        """Whether a statement is right is for the server that runs it to say."""
        assert len(scan(sql, "f.sql").statements) == 2
        with pytest.raises(postgast.PgQueryError):
            postgast.split(sql)

    def test_a_file_for_psql_does_not_parse_in_postgast(self) -> None:
        """Skipped lines and variables."""
        sql = "\\echo hi\nSELECT :'a'; SELECT :b;"
        assert len(scan(sql, "f.sql").statements) == 2
        with pytest.raises(postgast.PgQueryError):
            postgast.split(sql)
