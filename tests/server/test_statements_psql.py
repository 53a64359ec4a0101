"""The scanner agrees with psql's own splitting, and with the server where the two differ."""

from __future__ import annotations

import os
import random
import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.statements import Token, scan, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.postgres.server import Server

CORPUS = (Path(__file__).parents[1] / "unit" / "data" / "tricky.sql").read_text(encoding="utf-8")

# What psql writes into its --log-file around each text that it sends (the second from 18 on).
_SENT = re.compile(
    r"^(?:\*{9}|/\*{8}) QUERY \*{9,10}/?\n(.*?)\n(?:\*{26}|/\*{24}/)\n", re.DOTALL | re.MULTILINE
)


def sent_by_psql(server: Server, database: str, sql: str, folder: Path) -> list[str]:
    """The texts that psql sends, one after the other, when it runs `sql`; errors do not stop it."""
    # Nothing of it is meant to happen; the database may even be dropped afterwards.
    read_only = make_conninfo(database, options="-c default_transaction_read_only=on")
    psql = server.binaries.tool("psql")
    if psql is None:
        raise FileNotFoundError(f"no psql in {server.binaries.bindir}")
    file, log = folder / "script.sql", folder / "psql.log"
    file.write_text(sql, encoding="utf-8", newline="")
    subprocess.run(  # noqa: S603  (psql of the server under test)
        [psql, "-X", "-q", "-d", read_only, "-L", log, "-o", os.devnull, "-f", file],
        capture_output=True,
        check=False,
        env={**os.environ, "PGCLIENTENCODING": "UTF8"},
    )
    return _SENT.findall(log.read_bytes().decode())


def statements(sql: str) -> list[list[str]]:
    """The tokens of each statement; psql leaves out blank lines, also in a continued string."""
    return [
        [re.sub(r"\n\s*\n", "\n", token.text) for token in tokens(statement.text)]
        for statement in scan(sql, "f.sql").statements
    ]


def assert_agreement(server: Server, database: str, sql: str, folder: Path) -> None:
    """Require that psql sends our statements, each by itself."""
    theirs: list[list[str]] = []
    for text in sent_by_psql(server, database, sql, folder):
        found = statements(text)
        assert len(found) <= 1, f"psql sends as one: {text}"
        theirs += found  # none for a comment, which psql sends as well
    assert theirs == statements(sql)


# In a routine's definition psql takes each word `begin` for the start of a body, and reads on after
# the statement's end. It reads line by line, and so knows no later parts of an E'' string.
_DIFFERENT = (
    "SELECT 'one;'\n  'two;', E'three",
    "CREATE OR REPLACE PROCEDURE f3(begin int",
    "CREATE FUNCTION f6() RETURNS SETOF t BEGIN ATOMIC SELECT begin",
    "CREATE FUNCTION f10() RETURNS int SET search_path = begin",
    "CREATE FUNCTION begin()",
)


def test_psql_sends_the_statements_of_the_corpus(
    server: Server, database: str, tmp_path: Path
) -> None:
    """With the comments between them; all but five."""
    script = scan(CORPUS, "tricky.sql")
    kept, position = "", 0
    for statement in script.statements:
        if not statement.text.startswith(_DIFFERENT):
            kept += CORPUS[position : statement.end + 1]
        position = statement.end + 1
    assert len(statements(kept)) == len(script.statements) - len(_DIFFERENT)
    assert_agreement(server, database, kept, tmp_path)


@pytest.mark.parametrize("beginning", _DIFFERENT)
def test_psql_still_differs_on_the_others(
    server: Server, database: str, tmp_path: Path, beginning: str
) -> None:
    """One that psql learns to read should fail here, and leave the list."""
    statement = next(text for text in _texts(CORPUS) if text.startswith(beginning))
    sql = f"{statement};\nSELECT 'next'; -- '\n"
    assert sent_by_psql(server, database, sql, tmp_path)[0] != f"{statement};"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT E'a' -- b\n  'c\\';' = 'ac'';'",
        "SELECT E'a'\n -- b\n\n 'c\\';' \r\n 'd\\\\' = E'ac\\';d\\\\'",
        "SELECT U&'!0061' /* b */ UESCAPE '!' -- c\n = 'a'",
        "CREATE FUNCTION begin(begin int) RETURNS int BEGIN ATOMIC SELECT begin atomic; END",
    ],
)
def test_the_server_takes_our_piece_where_another_splitter_differs(database: str, sql: str) -> None:
    """Its own parser has the last word: one statement, with the value we read in it."""
    assert _texts(f"{sql}; SELECT 2") == [sql, "SELECT 2"]
    with psycopg.connect(database, autocommit=True) as conn:
        cursor = conn.execute(sql, binary=True)  # refuses two statements in one text
        assert cursor.description is None or cursor.fetchone() == (True,)


def _texts(sql: str) -> list[str]:
    return [statement.text for statement in scan(sql, "f.sql").statements]


_FRAGMENTS = [
    *["'", "''", '"', '""', "$$", "$a$", "$é$", "E'", "e'", "U&'", 'u&"', "B'", "x'", "N'", "\\'"],
    *[
        "-",
        "--",
        "---",
        "/",
        "/*",
        "*/",
        "*",
        "+",
        "@",
        "~",
        "!",
        "#",
        "^",
        "&",
        "|",
        "`",
        "?",
        "%",
    ],
    *["<", ">", "=", "=-", "@-", "::", ":", ":=", "..", ".", "1.5", "1e5", "0x1F", "$1", "$"],
    *[
        "\n",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        " ",
        "\t",
        "\f",
        ";",
        ";",
        ";",
        "(",
        ")",
        "[",
        "]",
        ",",
        "{",
    ],
    *[
        "a",
        "b",
        "e",
        "E",
        "select",
        "begin",
        "atomic",
        "end",
        "case",
        "é",
        "日本",
        "😀",
        "_x",
        "a$b",
    ],
    *["'a'", "'b;'", '"c;"', "$$;$$", "/*;*/", "--;\n", "E'\\''", "'x'\n'y'", "/* /* */ */"],
    *[":'a'", ':"b"', ":a", "a[1:b]", "\u00a0", "\x01"],
]


@pytest.mark.parametrize("seed", range(4))
def test_psql_sends_our_statements_of_random_text(
    server: Server, database: str, tmp_path: Path, seed: int
) -> None:
    """Whatever we do not refuse, thrown together from pieces of every construct."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    soups: list[str] = []
    while len(soups) < 200:
        soup = "".join(chance.choices(_FRAGMENTS, k=chance.randint(1, 20)))
        try:
            known = any(_is_read_otherwise(list(tokens(text))) for text in _texts(soup))
        except SpecError:
            continue
        if not known:
            soups.append(soup)
    assert_agreement(server, database, "\n;\n".join(soups), tmp_path)


def _is_read_otherwise(found: Sequence[Token]) -> bool:
    """Whether psql is known to read something else here, beside the words in a definition.

    A number or parameter that goes on as a word is junk to psql since 15, two tokens before; the
    server refuses it, or reads it as we do. A psql variable ends before `$`, and takes an E along.
    """
    for token, following in pairwise([*found, Token("punctuation", ";", -1)]):
        word, string = following.kind == "word", following.kind == "string"
        if token.kind == "string" and token.text[0] in "eE" and "\n" in token.text:
            return True
        if token.start + len(token.text) != following.start:
            continue
        if token.kind in {"number", "parameter"} and (word or string):
            return True
        if token.text == ":" and ("$" in following.text if word else following.text[0] in "eE"):
            return True
    return False
