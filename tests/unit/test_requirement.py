"""`--require-signoff`: a rehearsal allows only the very files, tool and target it was made with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from signed_project import Signed, copy, record

from pytest_dbmigrate import __version__
from pytest_dbmigrate.evidence.record import Source, Target
from pytest_dbmigrate.evidence.requirement import Requirement, require_signed
from pytest_dbmigrate.postgres.target import Identity

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("desk",)


def identity(system: str | None = "7301", database: str = "app") -> Identity:
    """A production target as it describes itself."""
    return Identity(
        server_version="16.4",
        server_version_num=160004,
        system_identifier=system,
        timeline=1,
        database=database,
        role="migrator",
        session_user="migrator",
        superuser=False,
        bypassrls=False,
        in_recovery=False,
        read_only=False,
        encoding="UTF8",
        collation="C",
        pooled=False,
        url_redacted="postgresql://db/app",
    )


@pytest.fixture
def signed(tmp_path: Path, signed_by_all: Signed) -> Signed:
    return copy(signed_by_all, tmp_path / "project")


def require(
    signed: Signed,
    *,
    version: str = __version__,
    target: Identity | None = None,
    signers: Path | None = None,
) -> Requirement:
    return require_signed(
        signed.run,
        project=signed.project,
        tool_version=version,
        target=target or identity(),
        allowed_signers=signers or signed.root / "sql" / "allowed_signers",
    )


def test_when_all_is_as_rehearsed_and_signed_then_nothing_is_in_the_way(signed: Signed) -> None:
    found = require(signed)
    assert found.problems == ()
    assert found.rehearsal is not None
    assert found.rehearsal.run == signed.run.evidence.run.id
    assert found.rehearsal.evidence_sha256 == signed.run.sha256
    assert found.rehearsal.waived == ("recovery",)


def test_when_the_rehearsal_was_on_a_baseline_then_that_is_said(signed: Signed) -> None:
    (note,) = require(signed).notes
    assert "binds files and tool version, not the target's own schema" in note


def test_when_allowed_signers_lies_elsewhere_then_the_projects_plan_still_counts(
    signed: Signed,
) -> None:
    (signed.root / "security").mkdir()
    moved = signed.root / "security" / "signers"
    (signed.root / "sql" / "allowed_signers").rename(moved)
    (moved.parent / "plan.toml").write_text('title = "x"')
    signed.commit()
    assert require(signed, signers=moved).problems == ()


def test_when_nobody_signed_then_it_is_refused(tmp_path: Path, rehearsed: Signed) -> None:
    found = require(copy(rehearsed, tmp_path / "project"))
    assert any("has not signed" in problem for problem in found.problems)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("sql/migrations/011_fix.sql", "this migration changed after the rehearsal"),
        ("sql/verification.sql", "this verification changed after the rehearsal"),
        ("sql/plan.toml", "this plan changed after the rehearsal"),
    ],
)
def test_when_a_file_changed_then_it_is_refused_by_name(
    signed: Signed, path: str, words: str
) -> None:
    with (signed.root / path).open("a") as file:
        file.write("\n")
    signed.commit()
    assert f"{path}: {words}" in require(signed).problems


def test_when_expected_rows_beside_a_verification_changed_then_it_is_refused(
    signed: Signed,
) -> None:
    """What a check expects decides as much as its SQL, also in a file of its own."""
    rows = signed.root / "sql" / "rows.csv"
    rows.write_text("a\n1\n")
    more = "\n-- name: rows\n-- expect-result: rows.csv\nSELECT 1 AS a;\n"
    with (signed.root / "sql" / "verification.sql").open("a") as file:
        file.write(more)
    record(signed_again(signed))
    words = "sql/rows.csv: this expected result changed after the rehearsal"
    assert words not in require(signed).problems
    rows.write_text("a\n2\n")
    assert words in require(signed).problems


def test_when_a_migration_was_added_then_it_is_refused(signed: Signed) -> None:
    (signed.root / "sql" / "migrations" / "012_more.sql").write_text("DROP TABLE fixed;\n")
    problems = require(signed).problems
    assert "sql/migrations/012_more.sql: this migration was not part of the rehearsal" in problems
    assert "sql/migrations/012_more.sql: the rehearsal did not apply this migration" in problems


def test_when_a_verification_is_gone_then_it_is_refused(signed: Signed) -> None:
    path = signed.root / "sql" / "more_verification.sql"
    path.write_text("-- name: one\n-- Expected: 1\nSELECT 1;\n")
    record(signed_again(signed))
    path.unlink()
    words = "sql/more_verification.sql: this verification was rehearsed and is not here now"
    assert words in require(signed).problems


def test_when_the_record_claims_the_files_but_lacks_a_check_then_it_is_refused(
    signed: Signed,
) -> None:
    path = signed.root / "sql" / "more_verification.sql"
    path.write_text("-- name: one\n-- Expected: 1\nSELECT 1;\n")
    record(signed_again(signed))
    problems = require(signed).problems
    assert "sql/verification.sql:3: the rehearsal has no check public_tables" in problems


def test_when_a_built_in_check_is_switched_off_since_then_it_is_refused(signed: Signed) -> None:
    """A rehearsal with a check does not allow a production run without it."""
    laxer = replace(signed.project, without=frozenset({"rows-lost"}))
    found = require_signed(
        signed.run,
        project=laxer,
        tool_version=__version__,
        target=identity(),
        allowed_signers=signed.root / "sql" / "allowed_signers",
    )
    assert found.problems == (
        "the built-in checks rows-lost are switched off now and were not at the rehearsal",
    )


def test_when_the_tool_has_another_version_then_it_is_refused(signed: Signed) -> None:
    found = require(signed, version="9.9.9")
    assert f"rehearsed with pytest-dbmigrate {__version__}, and this is 9.9.9" in found.problems


def test_when_the_named_run_is_no_rehearsal_then_it_is_refused(signed: Signed) -> None:
    record(signed_again(signed), stage="verify")
    assert any("its stage is verify" in problem for problem in require(signed).problems)


@pytest.mark.parametrize("cloned", [True, False])
@pytest.mark.parametrize(
    ("target", "words"),
    [
        (identity(), ""),
        (identity(database="other"), "rehearsed for database app of system 7301"),
        (identity(system="7302"), "the target is app of system 7302"),
        (identity(system=None), "cannot be told"),
    ],
)
def test_when_the_rehearsal_was_of_a_database_then_only_that_one_is_allowed(
    signed: Signed, target: Identity, words: str, *, cloned: bool
) -> None:
    """On that database itself, or on a clone of it, whose own server has another identifier."""
    origin = Source(
        url="postgresql://db/app",
        server_version="16.4",
        database="app",
        system_identifier="7301",
        data="none",
    )
    rehearsed = Target(
        url="postgresql://db/app",
        server_version="16.4",
        database="rehearsal" if cloned else "app",
        role="migrator",
        embedded=cloned,
        system_identifier="9999" if cloned else "7301",
        source=origin if cloned else None,
    )
    record(signed_again(signed), target=rehearsed)
    about_target = [
        p for p in require(signed, target=target).problems if "7301" in p or "told" in p
    ]
    assert bool(about_target) == bool(words)
    assert all(words in problem for problem in about_target)


def signed_again(signed: Signed) -> Signed:
    """The run without its signatures, so that its record can be written anew."""
    for path in (signed.folder.path / "signatures").iterdir():
        path.unlink()
    return signed
