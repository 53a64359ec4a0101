"""`pytest-dbmigrate restore`: the exact commands of the way back, and nothing that is a guess."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from pytest_dbmigrate.postgres.archive import Name, plain, read_archive
from pytest_dbmigrate.postgres.binaries import ServerError
from pytest_dbmigrate.postgres.target import connect
from pytest_dbmigrate.postgres.url import redacted_url

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_dbmigrate.evidence.folder import LoadedRun
    from pytest_dbmigrate.evidence.record import Backup, Change
    from pytest_dbmigrate.postgres.target import Target

LIST = "restore-dropped.list"
_RELATIONS = (
    "table",
    "foreign table",
    "sequence",
    "index",
    "view",
    "materialized view",
    "statistics",
)
_HANGING = (
    *("foreign key", "check constraint", "unique constraint", "primary key", "trigger", "policy"),
    *("exclusion constraint", "rule"),
)


class CannotRestoreError(ServerError):
    """There is no way back that is certain; says why."""


def whole(run: LoadedRun) -> list[str]:
    """The commands that bring the whole database back, beside the present one, which is kept."""
    backup = _backup(run)
    database, base = backup.database, _url(run)
    maintenance = "template1" if database == "postgres" else "postgres"
    old = f"{database}_before_restore"

    def psql(statement: sql.Composed) -> str:
        return f"psql {_at(base, maintenance)} -c {shlex.quote(statement.as_string())}"

    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    file, again = shlex.quote(backup.path), shlex.quote(run.evidence.run.id)
    new, kept = sql.Identifier(database), sql.Identifier(old)
    return [
        *_head(backup),
        "",
        "# 1. Stop the application: nobody may be connected to the database.",
        f"# 2. Keep the present database as {old}:",
        psql(rename.format(new, kept)),
        "# 3. Restore, with the database's own settings and rights:",
        f"pg_restore --create --exit-on-error --dbname={_at(base, maintenance)} {file}",
        "# 4. See that it is as it was:",
        f"pytest-dbmigrate restore {again} --verify {_at(base, database)}",
        "# 5. Only then start the application. To go back instead:",
        f"#    {psql(sql.SQL('DROP DATABASE {}').format(new))}",
        f"#    {psql(rename.format(kept, new))}",
    ]


def only_dropped(run: LoadedRun, into: Target, bindir: str = "") -> list[str]:
    """The commands that bring back only what was dropped; writes the list that pg_restore needs.

    Looks at `into` first: what is there again is not overwritten.
    """
    backup = _backup(run)
    gone = [c for c in run.evidence.changes if c.change == "removed"]
    relations = {_name(c.identity) for c in gone if c.kind in _RELATIONS}
    tables = sorted(_name(c.identity) for c in gone if c.kind == "table")
    if not tables:
        raise CannotRestoreError(f"{run.evidence.run.id} dropped no table")
    odd = sorted(relations - set(plain(relations)))
    if odd:
        raise CannotRestoreError(
            f"{'.'.join(odd[0])} has a name that the archive's list does not show without doubt: "
            "restore the whole, or write the list by hand (pg_restore --list)"
        )
    _refuse_there(into, tables)
    archive = read_archive(Path(backup.path), bindir)
    lines = archive.entries(relations, {_hanging(c) for c in gone if c.kind in _HANGING})
    for schema, name in tables:
        if not any(f" TABLE {schema} {name} " in line for line in lines):
            raise CannotRestoreError(f"the backup does not hold the table {schema}.{name}")
    path = run.path / LIST
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return [
        *_head(backup),
        "# Columns, rows and other objects that tables which are still there have lost stay lost.",
        "",
        f"# These {len(lines)} entries of the archive, in one transaction:",
        *(f"#   {line.split(' ', 3)[-1]}" for line in lines),
        " ".join(
            [
                "pg_restore --single-transaction --exit-on-error",
                f"--use-list={shlex.quote(str(path))} --dbname={shlex.quote(into.redacted)}",
                shlex.quote(backup.path),
            ]
        ),
    ]


def _backup(run: LoadedRun) -> Backup:
    """The run's backup, byte for byte the one that was proven. Raises CannotRestoreError."""
    backup = run.evidence.backup
    if backup is None:
        raise CannotRestoreError(
            f"{run.evidence.run.id} took no backup (--dbmigrate-backup=DIR takes one)"
        )
    path = Path(backup.path)
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CannotRestoreError(f"{path} cannot be read: {error.strerror}") from None
    if found != backup.sha256:
        raise CannotRestoreError(
            f"{path} is not the backup that was proven: its sha256 is {found}, the evidence says "
            f"{backup.sha256}"
        )
    return backup


def _head(backup: Backup) -> list[str]:
    return [
        f"# The backup of {backup.database} ({backup.server_version}), taken {backup.taken}:",
        f"#   {backup.path}",
        f"#   sha256 {backup.sha256} (as in the evidence)",
        f"# WHAT WAS WRITTEN AFTER {backup.taken} IS NOT IN IT AND WILL BE LOST.",
    ]


def _url(run: LoadedRun) -> str:
    """The database that was backed up, without a password: libpq has it from elsewhere."""
    target = run.evidence.target
    if target is None:
        raise CannotRestoreError(f"{run.evidence.run.id} does not say which database it was")
    return target.source.url if target.source is not None else target.url


def _at(url: str, database: str) -> str:
    """The same server, another database, quoted for a shell."""
    parameters = {k: str(v) for k, v in conninfo_to_dict(url).items() if k != "password"}
    return shlex.quote(redacted_url(parameters | {"dbname": database}))


def _refuse_there(into: Target, tables: Iterable[Name]) -> None:
    with connect(into, autocommit=True) as conn:
        there = [
            f"{schema}.{name}"
            for schema, name in tables
            if conn.execute(
                "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
                " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s",
                [schema, name],
            ).fetchone()
        ]
    if there:
        raise CannotRestoreError(
            f"{', '.join(there)} exists in {into.redacted}: look what it holds, and rename or drop "
            "it first"
        )


def _name(identity: str) -> Name:
    """Schema and name of `public.t`, `public.t_index on public.t`, `public."T"`."""
    found = re.match(r'("(?:[^"]|"")*"|[^."]+)\.("(?:[^"]|"")*"|[^." ]+)', identity)
    if found is None:
        raise CannotRestoreError(f"{identity} has no schema")
    schema, name = (
        part[1:-1].replace('""', '"') if part.startswith('"') else part for part in found.groups()
    )
    return schema, name


def _hanging(change: Change) -> tuple[str, str]:
    """Of `fk on public.t`: its schema, and `t fk`, as the archive's list has it."""
    name, _, table = change.identity.rpartition(" on ")
    schema, of = _name(table)
    return schema, f"{of} {name.strip(chr(34))}"
