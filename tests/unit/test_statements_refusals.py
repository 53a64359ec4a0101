r"""What `scan` refuses, with the whole message a user sees.

Each message is written out: it is the product. `␀`, `␋` and `␍` stand for the characters they name.
"""

from __future__ import annotations

import pytest

from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.statements import scan

MESSAGES = {
    "a string": (
        "SELECT 1;\nSELECT 'it''s;\n",
        """
sql/011_x.sql:2:8: this string is never closed by '
  SELECT 'it''s;
         ^
  Close it with '. The fault may stand earlier: an apostrophe in a string is written ''.""",
    ),
    "an escape string": (
        "SELECT E'\\';",
        r"""
sql/011_x.sql:1:8: this string is never closed by '
  SELECT E'\';
         ^
  Close it with '. The fault may stand earlier: an apostrophe in a string is written ''.""",
    ),
    "a later part of an escape string": (
        "SELECT E'a'\n  'b\\';",
        r"""
sql/011_x.sql:2:3: this string is never closed by '
    'b\';
    ^
  Close it with '. The fault may stand earlier: an apostrophe in a string is written ''.""",
    ),
    "a quoted identifier": (
        'SELECT "a""b',
        """
sql/011_x.sql:1:8: this quoted identifier is never closed by "
  SELECT "a""b
         ^
  Close it with ". The fault may stand earlier: a missing " pairs with the next one.""",
    ),
    "a dollar-quoted string": (
        "DO $Body$ BEGIN END; $body$;",
        """
sql/011_x.sql:1:4: this dollar-quoted string is never closed by $Body$
  DO $Body$ BEGIN END; $body$;
     ^
  Close it with $Body$, in the same upper and lower case.""",
    ),
    "a comment": (
        "/* a /* b */\nSELECT 1;",
        """
sql/011_x.sql:1:1: this comment is never closed
  /* a /* b */
  ^
  Close it with */. Comments nest: each /* inside needs a */ of its own.""",
    ),
    "a parenthesis": (
        "SELECT (1);\nCREATE TABLE t (\n  a int CHECK (a > 0);\nSELECT (2);",
        """
sql/011_x.sql:2:16: this ( is never closed
  CREATE TABLE t (
                 ^
  Write its ). In parentheses ; ends no statement, so all that follows was in it.""",
    ),
    "several parentheses": (
        "SELECT (a, (b, c;",
        """
sql/011_x.sql:1:8: this ( is never closed
  SELECT (a, (b, c;
         ^
  Write its ). In parentheses ; ends no statement, so all that follows was in it.""",
    ),
    "a parenthesis that closes nothing": (
        "SELECT (1));",
        """
sql/011_x.sql:1:11: this ) closes nothing
  SELECT (1));
            ^
  Remove it, or write its (.""",
    ),
    "a body": (
        "SELECT 0;\nCREATE FUNCTION f() RETURNS int\nBEGIN ATOMIC\n  SELECT 1;\nSELECT 2;",
        """
sql/011_x.sql:3:1: this BEGIN ATOMIC has no END
  BEGIN ATOMIC
  ^
  Write END; after the last statement of the body.""",
    ),
    "data lines": (
        "COPY public.t (a, b) FROM stdin;\n1\tit's\n\\.\n",
        """
sql/011_x.sql:1:27: COPY … FROM STDIN reads data lines, which only psql sends
  COPY public.t (a, b) FROM stdin;
                            ^
  Write INSERT statements, or load the data in a fixture in Python.""",
    ),
    "data lines by gram.y's other name": (
        "copy t from stdout",
        """
sql/011_x.sql:1:13: COPY … FROM STDOUT reads data lines, which only psql sends
  copy t from stdout
              ^
  Write INSERT statements, or load the data in a fixture in Python.""",
    ),
    "another mode of strings": (
        "SET Standard_Conforming_Strings TO off;",
        """
sql/011_x.sql:1:5: with standard_conforming_strings off, the strings that follow would end elsewhere
  SET Standard_Conforming_Strings TO off;
      ^
  Remove the statement, and write strings with escapes as E'…'.""",
    ),
    "a NUL character": (
        "SELECT 1;␀",
        """
sql/011_x.sql:1:10: a NUL character; PostgreSQL would cut the statement off here
  SELECT 1;\ufffd
           ^
  Remove it. If there are many, the file may be UTF-16: save it as UTF-8.""",
    ),
    "a NUL character in a string": (
        "SELECT '␀';",
        """
sql/011_x.sql:1:9: a NUL character; PostgreSQL would cut the statement off here
  SELECT '\ufffd';
          ^
  Remove it. If there are many, the file may be UTF-16: save it as UTF-8.""",
    ),
    "a vertical tab": (
        "SELECT␋1;",
        """
sql/011_x.sql:1:7: a vertical tab outside quotes; before PostgreSQL 16 it is no white space
  SELECT\ufffd1;
        ^
  Write a space or a newline instead.""",
    ),
    "a comment that editors show longer than it is": (
        "-- harmless␍DROP TABLE users;\n",
        """
sql/011_x.sql:1:12: a carriage return alone ends this comment here; most editors show it going on
  -- harmless\ufffdDROP TABLE users;
             ^
  Save the file with LF or CRLF line ends, or remove the character.""",
    ),
}

_INCLUDE = "Copy the other file's SQL here, or make it a file of the same folder."
_INSERT = "Write INSERT statements, or load the file in a fixture in Python."
_END = "Write ; at the end of the statement instead."
_SET = "Remove the line: every run stops at the first error. Write values where they go."
_GEXEC = f"{_END} Write the statements themselves, or a DO block with EXECUTE format(…)."
_OTHER = "Remove it: no psql runs this file. Only whole lines of \\echo text are skipped."
_ECHO = "Leave only plain or quoted text after \\echo: no second command, no `program`."
COMMANDS = {
    r"\i other.sql": _INCLUDE,
    r"\ir other.sql": _INCLUDE,
    r"\include other.sql": _INCLUDE,
    r"\copy t from 'f'": _INSERT,
    r"\.": _INSERT,
    r"\g": _END,
    r"\gx (format=unaligned)": _END,
    r"\gset": f"{_END} Write the value where it is used, as a subquery.",
    r"\gexec": _GEXEC,
    r"\;": "Write ; alone: each statement is sent by itself.",
    r"\set ON_ERROR_STOP on": _SET,
    r"\unset x": "Remove the line, and write values where they go.",
    r"\c other": "Remove the line: the connection is given by --db-url.",
    r"\connect -": "Remove the line: the connection is given by --db-url.",
    r"\encoding latin1": "Remove the line, and save the file as UTF-8.",
    r"\if true": "Write the condition in SQL, in a DO block.",
    r"\! date": "Remove the line: no program is run from a .sql file.",
    r"\dt+ public.*": "Query the catalog instead: SELECT … FROM pg_catalog.…;",
    r"\l+": "Query the catalog instead: SELECT … FROM pg_catalog.…;",
    r"\sf f": "Query the catalog instead: SELECT … FROM pg_catalog.…;",
    r"\lo_import f": _OTHER,
    r"\qecho text": _OTHER,
    r"\timing on": _OTHER,
    r"\echo_all": _OTHER,
    "\\": _OTHER,
    r"\echo a \i b.sql": _ECHO,
    r"\echo `date`": _ECHO,
    r"\echo 'a' \\ DROP TABLE t;": _ECHO,
}


def refusal(sql: str) -> str:
    """The whole message with which `sql` is refused."""
    with pytest.raises(SpecError) as caught:
        scan(sql, "sql/011_x.sql")
    return str(caught.value)


@pytest.mark.parametrize(("sql", "message"), MESSAGES.values(), ids=MESSAGES.keys())
def test_what_is_wrong_is_shown_with_its_place_and_a_way_out(sql: str, message: str) -> None:
    """File, line, column, problem; the line with a caret under it; what to write instead."""
    assert refusal(sql.translate({0x2400: 0, 0x240B: "\v", 0x240D: "\r"})) == message.strip("\n")


@pytest.mark.parametrize(("command", "remedy"), COMMANDS.items())
def test_every_other_psql_command_is_refused_with_what_to_write_instead(
    command: str, remedy: str
) -> None:
    """Leaving one out would run something else than psql did."""
    name = command.split(maxsplit=1)[0]
    assert refusal(f"SELECT 1;\n  {command}\n") == (
        f"sql/011_x.sql:2:3: {name} is a command of psql, not SQL\n    {command}\n    ^\n  {remedy}"
    )


@pytest.mark.parametrize("name", ["\\echo", "\\restrict", "\\unrestrict"])
def test_a_line_that_may_be_skipped_is_refused_inside_a_statement(name: str) -> None:
    """There it would cut the statement in two, or be sent."""
    assert refusal(f"SELECT 1\n{name} abc\n;") == (
        f"sql/011_x.sql:2:1: {name} is a command of psql, not SQL\n"
        f"  {name} abc\n"
        "  ^\n"
        "  It stands inside a statement; move the line before the statement, or after its ;."
    )


@pytest.mark.parametrize(
    "sql",
    [
        "RESET standard_conforming_strings",
        "SET standard_conforming_strings TO DEFAULT",
        "SET standard_conforming_strings = on, off",
        "SET SESSION standard_conforming_strings = 'no'",
        'SET LOCAL "Standard_Conforming_Strings" = false',
    ],
)
def test_only_plainly_on_is_accepted_for_the_mode_of_strings(sql: str) -> None:
    """Anything else may leave it off."""
    assert "standard_conforming_strings off" in refusal(sql)


@pytest.mark.parametrize("begin", ["$", "\\", "'", '"', "E'", "/*", "COPY t FROM stdin;"])
def test_long_lines_tags_and_commands_are_cut_in_messages(begin: str) -> None:
    """A message stays readable whatever the file holds."""
    message = refusal(f"{' ' * 500}{begin}{'x' * 5000}$ SELECT")
    assert max(map(len, message.splitlines())) < 150


def test_the_first_of_several_faults_is_named() -> None:
    """Later ones may only follow from it."""
    assert refusal("SELECT (1;\nSELECT 'a").startswith("sql/011_x.sql:2:8: this string is never")
    assert refusal("SELECT 1);\nSELECT 'a").startswith("sql/011_x.sql:1:9: this ) closes nothing")
