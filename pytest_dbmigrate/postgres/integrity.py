"""What can be wrong with any schema, whoever wrote it: the built-in checks, each off by its name.

A check's query stands in queries/integrity/<name>.sql and returns, for each object, its identity,
what is wrong with it, and the statement that repairs it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.postgres.reading import major_version, query, rows, single_rows
from pytest_dbmigrate.spec.builtins import INTEGRITY, SEQUENCES_BEHIND

if TYPE_CHECKING:
    from collections.abc import Collection

    import psycopg

    from pytest_dbmigrate.spec.builtins import BuiltIn


@dataclass(frozen=True, slots=True)
class Offender:
    """One object with which something is wrong, and the SQL statement that repairs it."""

    identity: str
    problem: str
    repair: str


@dataclass(frozen=True, slots=True)
class IntegrityFinding:
    """What one check found; `not_checked` has the objects it could say nothing about, and why."""

    check: BuiltIn
    offenders: tuple[Offender, ...] = ()
    not_checked: tuple[str, ...] = ()


def findings(
    conn: psycopg.Connection[Any], names: Collection[str] | None = None
) -> tuple[IntegrityFinding, ...]:
    """Run the checks with these names (all when None), in their order, on the state as it is now.

    Inside a transaction they see what it has done. Raises psycopg.Error.
    """
    return tuple(
        _sequences_behind(conn, check)
        if check.name == SEQUENCES_BEHIND
        else IntegrityFinding(
            check, tuple(Offender(*row) for row in sorted(_read(conn, check.name)))
        )
        for check in INTEGRITY
        if names is None or check.name in names
    )


def _read(conn: psycopg.Connection[Any], name: str) -> list[tuple[Any, ...]]:
    major = major_version(conn)
    return rows(conn, query("scope", major) + query(f"integrity/{name}", major))


def _sequences_behind(conn: psycopg.Connection[Any], check: BuiltIn) -> IntegrityFinding:
    """Sequences whose next value the column already has, or has passed."""
    known = sorted(_read(conn, "sequences"))
    readable = [row for row in known if row[-1]]
    unknown = [f"{row[0]}: no index leads to the last {row[1]}" for row in known if not row[-1]]
    answers = single_rows(
        conn,
        [
            f"SELECT last_value, is_called, {last} FROM {sequence}"  # noqa: S608  # quoted names
            for sequence, _, last, *_ in readable
        ],
    )
    offenders = []
    for (sequence, column, last, ascending, _), row in zip(readable, answers, strict=True):
        if isinstance(row, str):
            unknown.append(f"{sequence}: {row}")
            continue
        value, called, reached = row
        if reached is None or not _passed(value, reached, called=called, ascending=ascending):
            continue
        literal = sequence.replace("'", "''")
        offenders.append(
            Offender(
                sequence,
                f"stands at {value}, but {column} has reached {reached}",
                f"SELECT setval('{literal}', {last});",
            )
        )
    return IntegrityFinding(check, tuple(offenders), tuple(unknown))


def _passed(value: int, reached: int, *, called: bool, ascending: bool) -> bool:
    """Whether a column has reached what the sequence gives next (`called`: `value` is given)."""
    if value == reached:
        return not called
    return (reached > value) is ascending
