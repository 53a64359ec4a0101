"""What GitHub Actions shows: the step summary and annotations at the lines of the files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sample_runs as runs
from hostile import HIDDEN, hostile

from pytest_dbmigrate.evidence.decision import decide
from pytest_dbmigrate.report.github import step_summary, workflow_commands

if TYPE_CHECKING:
    from pytest_dbmigrate.evidence.record import Evidence


def at(line: int) -> str:
    return f"file=sql/verify_week1.sql,line={line}"


def commands(evidence: Evidence) -> list[str]:
    return workflow_commands(evidence, decide(evidence))


def test_when_checks_failed_then_each_is_annotated_at_its_line() -> None:
    """Errors first; what was not checked is a warning with the line to write."""
    missing = 'relation "pg_policiez" does not exist'
    prose = "“tenants are isolated” states no value. To check it: -- expect-visible"
    assert commands(runs.lost_a_key()) == [
        f"::error {at(90)},title=42 foreign keys%2C all validated::expected 42, observed 41",
        f"::error {at(100)},title=no orphaned records::expected 0, observed 3 rows",
        f"::error {at(110)},title=18 policies%2C each on a table where RLS is on::{missing}",
        f"::warning {at(120)},title=NOT CHECKED%3A a tenant sees its own rows only::{prose}",
    ]


def test_when_a_migration_failed_then_its_statement_is_annotated_first() -> None:
    """At the line that PostgreSQL named."""
    first = commands(runs.stopped())[0]
    assert first.startswith("::error file=sql/migrations/011_fix_migration_conflicts.sql,line=52,")


def test_when_the_decision_is_go_then_one_notice_says_so() -> None:
    """Nothing else is annotated."""
    (only,) = commands(runs.rehearsal())
    assert only.startswith("::notice title=dbmigrate%3A GO::12 of 12 verifications passed")


def test_when_no_go_has_no_line_then_one_error_says_why() -> None:
    """A run whose COMMIT is unknown has no file to point to."""
    (only,) = commands(runs.unknown())
    assert only.startswith("::error title=dbmigrate%3A NO-GO::")


def test_when_thousands_failed_then_github_gets_no_more_than_it_shows() -> None:
    """The rest stands in the report."""
    assert len(commands(runs.many(1_000, failing=1_000))) == 10


def test_when_texts_are_hostile_then_no_command_is_theirs() -> None:
    """One line each, and properties end where they should."""
    for command in commands(hostile(runs.lost_a_key())):
        assert re.fullmatch(r"::(error|warning|notice) [^:]*::[^\n\r]*", command)
        assert command.count("::") == 2 + command.partition("::")[2].partition("::")[2].count("::")
        assert not HIDDEN.search(command)


def test_when_a_step_summary_is_written_then_it_has_decision_reasons_and_sets() -> None:
    """Short: the whole report is an artifact."""
    evidence = runs.lost_a_key()
    summary = step_summary(evidence, decide(evidence), (), runs.DIGEST)
    assert "## NO-GO" in summary
    assert "- ✕ **FAIL** 42 foreign keys, all validated: " in summary
    assert "| Set 4: Foreign keys | **0 of 2** |" in summary
    assert runs.DIGEST in summary
    many = runs.many(2_000)
    assert len(step_summary(many, decide(many), (), "0")) < 10_000
