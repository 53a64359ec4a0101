r"""psql's backslash commands: the few that may be skipped, and what to write instead of others.

`\echo` only prints, and `\restrict` and `\unrestrict` (pg_dump writes them) only guard psql itself;
every other command changes what runs, so leaving it out would run something else.
"""

from __future__ import annotations

import re

from pytest_dbmigrate.spec.patterns import compiled

# The line must hold nothing but the command. A backslash outside quotes would start the next
# command, and a backquote runs a program. psql takes a quote that is never closed up to the line's
# end (src/bin/psql/psqlscanslash.l).
_SKIPPED = compiled(
    r"""\\(?:
        echo(?:[ \t](?:[^\\'"`\r\n]++|'(?:[^'\\\r\n]++|\\[^\r\n])*+'|"[^"\r\n]*+")*+
            (?:'(?:[^'\\\r\n]++|\\[^\r\n])*+|"[^"\r\n]*+)?+)?+
        |(?:un)?restrict[ \t]++[A-Za-z0-9]++[ \t]*+
    )(?=\r*(?:\n|\Z))""",
    re.VERBOSE,
)
_NAME = re.compile(r"\\(?:[A-Za-z_]{1,30}\+?|[!?;:.\\]?)")
_DESCRIBES = re.compile(r"\\(?:d[A-Za-z]*|l|list|s[fv]|z)\+?")
_INSERT = "Write INSERT statements, or load the file in a fixture in Python."
_INCLUDE = "Copy the other file's SQL here, or make it a file of the same folder."
_END = "Write ; at the end of the statement instead."
_REMEDIES = {
    r"\i": _INCLUDE,
    r"\ir": _INCLUDE,
    r"\include": _INCLUDE,
    r"\include_relative": _INCLUDE,
    r"\copy": _INSERT,
    r"\.": _INSERT,
    r"\g": _END,
    r"\gx": _END,
    r"\gset": _END + " Write the value where it is used, as a subquery.",
    r"\gexec": _END + " Write the statements themselves, or a DO block with EXECUTE format(…).",
    r"\watch": _END,
    r"\;": "Write ; alone: each statement is sent by itself.",
    r"\set": "Remove the line: every run stops at the first error. Write values where they go.",
    r"\unset": "Remove the line, and write values where they go.",
    r"\c": "Remove the line: the connection is given by --db-url.",
    r"\connect": "Remove the line: the connection is given by --db-url.",
    r"\encoding": "Remove the line, and save the file as UTF-8.",
    r"\if": "Write the condition in SQL, in a DO block.",
    r"\elif": "Write the condition in SQL, in a DO block.",
    r"\else": "Write the condition in SQL, in a DO block.",
    r"\endif": "Write the condition in SQL, in a DO block.",
    r"\!": "Remove the line: no program is run from a .sql file.",
}
_DESCRIBE = "Query the catalog instead: SELECT … FROM pg_catalog.…;"
_OTHER = "Remove it: no psql runs this file. Only whole lines of \\echo text are skipped."
_INSIDE = "It stands inside a statement; move the line before the statement, or after its ;."
_ECHO = "Leave only plain or quoted text after \\echo: no second command, no `program`."


def skipped_end(text: str, start: int) -> int | None:
    """The offset after the command at `start` if its line may be left out, else None."""
    match = _SKIPPED.match(text, start)
    return match.end() if match else None


def command_name(text: str, start: int) -> str:
    r"""The command at `start`, such as `\copy`."""
    match = _NAME.match(text, start)
    return match[0] if match else "\\"


def remedy(text: str, start: int) -> str:
    """What to write instead of the command at `start`."""
    name = command_name(text, start)
    if name in {r"\restrict", r"\unrestrict"}:
        return _INSIDE
    if name == r"\echo":
        return _INSIDE if skipped_end(text, start) else _ECHO
    if _DESCRIBES.fullmatch(name):
        return _DESCRIBE
    return _REMEDIES.get(name, _OTHER)
