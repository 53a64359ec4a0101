"""Command line > ini > default → one frozen Settings."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_dbmigrate.options import OPTIONS, BadValueError, Option, command

if TYPE_CHECKING:
    from pytest_dbmigrate.postgres.target import Target

Mode = Literal["rehearsal", "verify", "production"]


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
    total_timeout: int
    outside_timeout: int
    retries: int
    connect_timeout: int
    off: tuple[str, ...]
    explain: str
    update_expected: bool
    require_signoff: str
    allowed_signers: str
    rehearse_data: str
    base_url: str
    monitor: int
    interval: int
    on_alert: tuple[str, ...]
    backup: str
    restore_into: Target | None

    @property
    def asked_for(self) -> bool:
        """Whether someone asked for a run of ours, so that "nothing to verify" is an error."""
        explicit = {"explain", "require_signoff", "rehearse"}
        return self.mode != "rehearsal" or bool(self.given & explicit)


SETTINGS = pytest.StashKey[Settings]()


def settings_of(config: pytest.Config) -> Settings:
    """The settings of this run, read once: afterwards the option no longer has the URL's password.

    Raises pytest.UsageError for a value or a combination that is wrong.
    """
    if SETTINGS not in config.stash:
        config.stash[SETTINGS] = _read(config)
    return config.stash[SETTINGS]


def _read(config: pytest.Config) -> Settings:
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
    if apply and "--apply-migrations" not in config.invocation_params.args:
        raise pytest.UsageError(
            "--apply-migrations was not typed: it comes from addopts or PYTEST_ADDOPTS. No file "
            "and no variable turns a test run into a migration: write it on the command line"
        )
    rehearse = values["dbmigrate_rehearse"] == "true"
    if rehearse and (target is None or apply):
        raise pytest.UsageError(
            "--rehearse clones a database and runs everything on the clone: it needs --db-url=URL "
            "and goes without --apply-migrations"
        )
    restore_into = _target(values["dbmigrate_restore_url"])
    if restore_into is not None:
        config.option.dbmigrate_restore_url = restore_into.redacted
        if not values["dbmigrate_backup"]:
            raise pytest.UsageError(
                "--dbmigrate-restore-url is where a backup is restored into: it needs "
                "--dbmigrate-backup=DIR"
            )
    if "backup" in given and not (apply or rehearse):
        raise pytest.UsageError(
            "--dbmigrate-backup takes a backup before migrations are applied: it needs "
            "--db-url=URL with --apply-migrations or --rehearse"
        )
    watches = values["dbmigrate_monitor"] and (apply or "monitor" in given)
    if watches and (target is None or rehearse):
        raise pytest.UsageError(
            "--dbmigrate-monitor watches over a database that people use: it needs --db-url=URL, "
            "with --apply-migrations or without, and not --rehearse"
        )
    if not values["dbmigrate_interval"]:
        raise pytest.UsageError("--dbmigrate-interval: more than 0 is expected, such as 30s")
    root = config.rootpath / values["dbmigrate_root"]
    if not root.is_dir():
        raise pytest.UsageError(
            f"dbmigrate_root names {values['dbmigrate_root']}, which is no folder in "
            f"{config.rootpath} (pytest's rootdir)"
        )
    verify = target is not None and not rehearse
    return Settings(
        mode="production" if apply else "verify" if verify else "rehearsal",
        rehearse_data=values["dbmigrate_rehearse_data"],
        base_url=_base_url(values["dbmigrate_base_url"]),
        monitor=values["dbmigrate_monitor"] if apply or "monitor" in given else 0,
        interval=values["dbmigrate_interval"],
        on_alert=_command(values["dbmigrate_on_alert"]) if watches else (),
        target=target,
        backup=values["dbmigrate_backup"] if apply or rehearse else "",
        restore_into=restore_into,
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
        total_timeout=values["dbmigrate_total_timeout"],
        outside_timeout=values["dbmigrate_outside_timeout"],
        retries=values["dbmigrate_retries"],
        connect_timeout=values["dbmigrate_connect_timeout"],
        off=values["dbmigrate_off"],
        explain=values["dbmigrate_explain"],
        update_expected=values["dbmigrate_update_expected"] == "true",
        require_signoff=values["dbmigrate_require_signoff"],
        allowed_signers=values["dbmigrate_allowed_signers"],
    )


def _value(config: pytest.Config, option: Option) -> Any:
    text, origin = config.getoption(option.dest), option.name
    if text is None and option.ini:
        text, origin = config.getini(option.dest), f"{option.dest} (in {config.inipath or 'ini'})"
    if text is None:
        text = option.default
    try:
        return option.read(text)
    except BadValueError as error:
        raise pytest.UsageError(f"{origin}: {text!r} is not understood: {error}") from None


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    """A command, or the one that a variable holds. Raises pytest.UsageError."""
    if len(words) != 1 or not words[0].startswith("env:"):
        return words
    name = words[0].removeprefix("env:")
    try:
        held = command(os.environ.get(name, ""))
    except BadValueError as error:
        raise pytest.UsageError(f"--dbmigrate-on-alert: what {name} holds: {error}") from None
    if not held:
        raise pytest.UsageError(f"--dbmigrate-on-alert: the variable {name} is not set")
    return held


def _base_url(written: str) -> str:
    """Raises pytest.UsageError, which does not repeat what may hold a password."""
    if not written:
        return ""
    from pytest_dbmigrate.spec.probes import VARIABLE, is_base_url  # noqa: PLC0415  (import time)

    if not VARIABLE.fullmatch(written) and not is_base_url(written):
        raise pytest.UsageError(
            "--dbmigrate-base-url: an http or https URL is expected, without a password, query or "
            "fragment: https://app.example.com, or env:NAME for the variable that holds it"
        )
    return written


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
