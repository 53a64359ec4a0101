"""What a pg_dump archive holds, and which of its entries bring dropped tables back."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.binaries import ServerError
from pytest_dbmigrate.postgres.dumping import any_pg_restore

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path

Name = tuple[str, str]
"""Schema and name, without quotes."""

# Descriptions of entries (src/bin/pg_dump/pg_dump.c): those whose tag is a relation's name, and
# those whose tag is a table's name and that of what hangs on it.
_OF_RELATIONS = (
    *("TABLE DATA", "TABLE ATTACH", "TABLE", "FOREIGN TABLE", "ROW SECURITY"),
    *("SEQUENCE OWNED BY", "SEQUENCE SET", "SEQUENCE", "INDEX ATTACH", "INDEX"),
    *("MATERIALIZED VIEW DATA", "MATERIALIZED VIEW", "VIEW", "STATISTICS DATA", "STATISTICS"),
)
_OF_TABLES = (
    "FK CONSTRAINT",
    "CHECK CONSTRAINT",
    "CONSTRAINT",
    "DEFAULT",
    "TRIGGER",
    "POLICY",
    "RULE",
)
_ABOUT = ("ACL", "COMMENT", "SECURITY LABEL")
_MEMBER = "PUBLICATION TABLE"
_LINE = re.compile(
    rf"\d+; \d+ \d+ (?P<what>{'|'.join((*_OF_RELATIONS, *_OF_TABLES, *_ABOUT, _MEMBER))})"
    r" (?P<schema>\S+) (?P<tag>.+) \S*$"
)
_PLAIN = re.compile(r"[\w$]+")


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive's own list, line by line, and the program that reads it."""

    program: Path
    lines: tuple[str, ...]

    def entries(
        self, relations: Collection[Name], others: Collection[tuple[str, str]]
    ) -> list[str]:
        """The lines for these relations and all that hangs on them.

        `others` are constraints, triggers and policies of tables that are still there: the schema,
        and the table's name before its own.
        """
        return [line for line in self.lines if _belongs(line, relations, others)]


def read_archive(path: Path, bindir: str = "") -> Archive:
    """List an archive. Raises ServerError."""
    program = any_pg_restore(bindir)
    if program is None:
        raise ServerError("no pg_restore on this machine: name one with --pg-bindir=DIR")
    listed = subprocess.run(  # noqa: S603  (a program found by us, no shell)
        [program, "--list", path],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    if listed.returncode:
        raise ServerError(f"{path} is no whole archive of pg_dump: {listed.stderr.strip()}")
    return Archive(program, tuple(x for x in listed.stdout.splitlines() if not x.startswith(";")))


def plain(names: Iterable[Name]) -> Iterator[Name]:
    """Those of the names that an archive's list shows without doubt: it does not quote."""
    return (name for name in names if all(_PLAIN.fullmatch(part) for part in name))


def _belongs(line: str, relations: Collection[Name], others: Collection[tuple[str, str]]) -> bool:
    match = _LINE.match(line)
    if match is None:
        return False
    what, schema, tag = match["what"], match["schema"], match["tag"]
    if what in _OF_RELATIONS:
        return (schema, tag) in relations
    if what in _OF_TABLES:
        return (schema, tag.split(" ")[0]) in relations or (schema, tag) in others
    if what == _MEMBER:
        return (schema, tag.rsplit(" ", 1)[-1]) in relations
    # `TABLE quests`, `COLUMN quests.id`, `CONSTRAINT quests_pkey ON quests`
    named = re.split(r"[ .]", tag.rsplit(" ON ", 1)[-1].split(" ", 1)[-1])[0]
    return (schema, named) in relations
