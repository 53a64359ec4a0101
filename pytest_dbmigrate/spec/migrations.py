"""Files of a migrations folder → ordered migrations with versions, digests and their statements."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from pathlib import PurePath
from typing import TYPE_CHECKING

from pytest_dbmigrate.spec.downs import Down, read_downs, sections
from pytest_dbmigrate.spec.errors import SpecError
from pytest_dbmigrate.spec.statements import decode, scan, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_dbmigrate.spec.statements import Script, Statement

# 011_name.sql, V11__name.sql, 20240129080000-name.sql; the version is the leading number.
_NAME = re.compile(r"^[Vv]?(?P<version>\d+)(?:[_\-. ]+(?P<name>.+))?\.sql$")
_NUMBERED_WIDTH = 5  # longer versions are dates, which have gaps by nature
_HEAD_KEY = re.compile(r"^\s*@?transaction\s*:\s*(?P<value>.*?)\s*$", re.IGNORECASE)
_WAYS_OUT = (
    "write `-- transaction: none` at the head of the file (only the last files may, they are "
    "applied alone after the verified commit), or run with --dbmigrate-commit=each (each "
    "migration commits by itself, and the report says so)"
)
_LIMITS = frozenset(
    {
        "lock_timeout",
        "statement_timeout",
        "idle_in_transaction_session_timeout",
        "idle_session_timeout",
        "transaction_timeout",
        "client_connection_check_interval",
    }
)


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file.

    `statements` are those that are sent: an outer BEGIN … COMMIT of the file's own is left out and
    `notes` says so. `transactional` is False for a file headed `-- transaction: none`. `down` is
    its way back, where it has one.
    """

    version: str
    name: str
    path: str
    sha256: str
    size: int
    script: Script
    statements: tuple[Statement, ...]
    transactional: bool
    notes: tuple[str, ...]
    down: Down | None = None


def read_migrations(
    files: Iterable[tuple[str, bytes]],
    *,
    downs: Iterable[tuple[str, bytes]] = (),
    allow_gaps: bool = False,
    commit_each: bool = False,
) -> tuple[Migration, ...]:
    """Order the (path, bytes) of a migrations folder by version; `downs` are its ways back.

    Raises SpecError for a name without a version, two files with one version, a gap between
    numbered versions (unless `allow_gaps`), and for what cannot run inside the gate's transaction.
    With `commit_each` files headed `-- transaction: none` may stand anywhere.
    """
    found = sorted(
        (read_migration(path, data) for path, data in files),
        key=lambda m: (int(m.version), m.path),
    )
    for earlier, later in pairwise(found):
        if int(earlier.version) == int(later.version):
            raise SpecError(
                f"version {later.version} is also the version of {earlier.path}",
                path=later.path,
                remedy="give one of the two another number: which runs first must not be a guess",
            )
        numbered = max(len(earlier.version), len(later.version)) < _NUMBERED_WIDTH
        if numbered and not allow_gaps and int(later.version) - int(earlier.version) > 1:
            missing = str(int(earlier.version) + 1).zfill(len(later.version))
            raise SpecError(
                f"there is no migration {missing} between {earlier.version} and {later.version}",
                path=later.path,
                remedy="add the missing file, or say --dbmigrate-allow-gaps if it never existed",
            )
    if not commit_each:
        _refuse_unheld_before_held(found)
    beside = read_downs(downs)
    return tuple(replace(m, down=m.down or beside.get(int(m.version))) for m in found)


def read_migration(path: str, data: bytes) -> Migration:
    """Read one migration file. Raises SpecError as `read_migrations` does."""
    match = _NAME.match(PurePath(path).name)
    if match is None:
        raise SpecError(
            "the name of this migration has no version",
            path=path,
            remedy="name it NNN_what_it_does.sql, for example 011_add_workspace.sql",
        )
    script = scan(decode(data, path), path)
    parts = sections(script)
    transactional = _transactional(script) and not parts.up_alone
    statements, notes = _without_outer_transaction(script, parts.up)
    if not statements:
        raise SpecError(
            "this migration has no statement",
            path=path,
            line=1,
            remedy="write its SQL, or delete the file",
        )
    if transactional:
        for statement in statements:
            _refuse_unholdable(script, statement)
    return Migration(
        version=match["version"],
        name=(match["name"] or match["version"]).strip(),
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        script=script,
        statements=statements,
        transactional=transactional,
        notes=notes,
        down=Down(script, parts.down, not parts.down_alone) if parts.down else None,
    )


def leading_words(statement: Statement, count: int = 12) -> tuple[str, ...]:
    """The first tokens of a statement, upper case, up to `count`."""
    return tuple(t.text.upper() for _, t in zip(range(count), tokens(statement.text), strict=False))


def _transactional(script: Script) -> bool:
    head = script.statements[0].start if script.statements else len(script.text)
    for comment in takewhile(lambda c: c.start < head, script.comments):
        match = _HEAD_KEY.match(comment.text)
        if match is None:
            continue
        if match["value"].lower() != "none":
            raise SpecError(
                f"`transaction: {match['value']}` is not known here",
                path=script.path,
                line=comment.line,
                column=comment.column,
                source=script.source_line(comment.line),
                remedy="the only value is `-- transaction: none`; without it the file runs inside "
                "the gate's transaction",
            )
        return False
    return True


def control(statement: Statement) -> str:
    """The transaction control a statement is, or an empty string."""
    words = leading_words(statement, 4)
    first, second = (*words, "", "")[:2]
    if first in {"BEGIN", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"}:
        return first
    pair = f"{first} {second}"
    if pair in {"START TRANSACTION", "PREPARE TRANSACTION", "SET TRANSACTION"}:
        return pair
    return (
        "SET SESSION CHARACTERISTICS" if words[:3] == ("SET", "SESSION", "CHARACTERISTICS") else ""
    )


def _without_outer_transaction(
    script: Script, statements: tuple[Statement, ...]
) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """Leave out the file's own outer BEGIN … COMMIT; refuse any other transaction control."""
    controls = {s.number: control(s) for s in statements}
    opening = {"BEGIN", "START TRANSACTION"}
    outer = (
        len(statements) >= 2
        and controls[statements[0].number] in opening
        and controls[statements[-1].number] in {"COMMIT", "END"}
    )
    inner = statements[1:-1] if outer else statements
    for statement in inner:
        if controls[statement.number]:
            raise SpecError(
                f"{controls[statement.number]} inside a migration: the gate holds the transaction, "
                "so that nothing is committed before it was verified",
                path=script.path,
                line=statement.line,
                column=statement.column,
                source=script.source_line(statement.line),
                remedy="take it out (one BEGIN as the first and one COMMIT as the last statement "
                "of a file are understood and left out); or " + _WAYS_OUT,
            )
    if not outer:
        return inner, ()
    note = (
        f"its own BEGIN (line {statements[0].line}) and COMMIT (line {statements[-1].line}) were "
        "left out: the gate holds the transaction"
    )
    return inner, (note,)


def _refuse_unholdable(script: Script, statement: Statement) -> None:
    words = leading_words(statement)
    problem, remedy = "", _WAYS_OUT
    if _outside_transaction_only(words):
        shown = " ".join(takewhile(lambda w: w.isalpha() and w != "ON", words[:4]))
        problem = f"{shown} cannot run inside a transaction"
    elif words[0] in {"SET", "RESET"}:
        names = [w.lower() for w in words[1:4] if w not in {"LOCAL", "SESSION"}][:1]
        if names == ["session_replication_role"]:
            problem = "session_replication_role switches off foreign keys and triggers unseen"
            remedy = "take it out: disable the one trigger by name if that is what is meant"
        elif names and names[0] in _LIMITS:
            problem = (
                f"{names[0]} is the gate's: a migration may not raise the limits it runs under"
            )
            remedy = f"take it out and give the limit to the run (--dbmigrate-{_option(names[0])})"
    if problem:
        raise SpecError(
            problem,
            path=script.path,
            line=statement.line,
            column=statement.column,
            source=script.source_line(statement.line),
            remedy=remedy,
        )


def _option(setting: str) -> str:
    return {"lock_timeout": "lock-timeout", "statement_timeout": "statement-timeout"}.get(
        setting, "total-timeout"
    )


def _outside_transaction_only(words: Sequence[str]) -> bool:
    """PostgreSQL's PreventInTransactionBlock, as far as the text shows it."""
    first, second, third = (*words, "", "", "")[:3]
    concurrent = "CONCURRENTLY" in words and (
        first in {"CREATE", "DROP", "REINDEX"} or words[:2] == ("ALTER", "TABLE")
    )
    return (
        concurrent
        or first == "VACUUM"
        or (first in {"CREATE", "DROP"} and second in {"DATABASE", "TABLESPACE", "SUBSCRIPTION"})
        or (first, second) == ("ALTER", "SYSTEM")
        or (first == "REINDEX" and not {second, third}.isdisjoint({"DATABASE", "SYSTEM", "SCHEMA"}))
        or (first == "CLUSTER" and not second)
        or (first, second) == ("DISCARD", "ALL")
    )


def _refuse_unheld_before_held(found: Sequence[Migration]) -> None:
    for earlier, later in pairwise(found):
        if not earlier.transactional and later.transactional:
            raise SpecError(
                f"`-- transaction: none` here, but {later.path} follows and runs in the gate's "
                "transaction: the order would change",
                path=earlier.path,
                line=1,
                remedy="only the last files may be `-- transaction: none`; move it behind, or run "
                "with --dbmigrate-commit=each",
            )
