"""The report's sections: evidence in, plain views out."""

from __future__ import annotations

import pytest
import records
import sample_runs as runs
from msgspec.structs import replace
from records import check, passed

from pytest_dbmigrate.evidence.decision import decide
from pytest_dbmigrate.evidence.record import Change, Failed, PhaseRun
from pytest_dbmigrate.evidence.sign_off import Signature
from pytest_dbmigrate.report.sections.checks import checks
from pytest_dbmigrate.report.sections.criteria import criteria
from pytest_dbmigrate.report.sections.execution import execution
from pytest_dbmigrate.report.sections.expected import expected
from pytest_dbmigrate.report.sections.identity import identity
from pytest_dbmigrate.report.sections.metrics import metrics
from pytest_dbmigrate.report.sections.probes import health, rollback
from pytest_dbmigrate.report.sections.provenance import provenance
from pytest_dbmigrate.report.sections.schema import schema
from pytest_dbmigrate.report.sections.timeline import timeline


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("expect-value: 43", "43"),
        ("expect-value: >= 30", ">= 30"),
        ("expect-rows: 0", "no rows"),
        ("expect-rows: 1", "1 row"),
        ("expect-rows: 2..4", "2..4 rows"),
        ("expect-no-rows", "no rows"),
        ("expect-row: a = 1, b is null", "a = 1, b is null"),
        ("expect-column: c set {a, b}", "c set {a, b}"),
        ("expect-same-as-before", "the same as before"),
        ("expect-error: 42501", "fails with 42501"),
        ("expect-status: state", "every state passes"),
        ("expect-result: file.csv", "expect-result: file.csv"),
        ("< 500 ms", "< 500 ms"),
        ("", ""),
    ],
)
def test_when_an_expectation_is_shown_then_it_reads_as_a_person_says_it(
    written: str, read: str
) -> None:
    """The key is how it is written in the file; the page is read by people who never saw one."""
    assert expected(written) == read


def test_when_cases_of_one_check_pass_then_they_share_a_row_and_a_failing_one_stands_alone() -> (
    None
):
    """A check with parameters is one line of the report unless one of its cases needs a look."""
    ok = passed("no rows")
    cases = [
        check(1, ok, id=f"v.sql::own_rows.t{n}", name=f"own_rows.t{n}", title="own rows only")
        for n in range(20)
    ]
    cases[7] = replace(cases[7], result=Failed(records.observation("3 rows")))
    view = checks(replace(runs.rehearsal(), checks=tuple(cases)))
    (found,) = view.sets
    assert [row.seen.status.word for row in found.rows] == ["PASS", "FAIL"]
    assert found.rows[0].seen.observed.startswith("19 cases: t0, t1, t2")
    assert found.rows[0].seen.observed.endswith("t5 and 13 more")
    assert found.rows[1].sub == ("t7",)
    assert view.targets["v.sql::own_rows.t19"] == found.rows[0].id
    assert view.targets["v.sql::own_rows.t7"] == found.rows[1].id


def test_when_a_title_brings_its_number_then_no_second_one_is_put_before_it() -> None:
    """`Check 6: …` stays as its author numbered it."""
    titles = ("Check 6: the number of tables", "43 tables remain", "3. views")
    found = tuple(check(n, passed("1"), title=t) for n, t in enumerate(titles, 1))
    view = checks(replace(runs.rehearsal(), checks=found))
    assert [row.number for row in view.sets[0].rows] == ["", "2.", ""]


def test_when_an_object_goes_with_its_table_then_it_stands_in_the_tables_row() -> None:
    """What hangs on a surviving table stands by itself, however it was lost."""
    view = schema(runs.lost_a_key())
    keys = next(kind for kind in view.kinds if kind.title == "Foreign keys")
    assert keys.tally == "1 removed, 4 added"
    assert keys.rows[0].identity == "campaign_cohorts_cohort_fkey on public.campaign_cohorts"
    assert keys.rows[0].loss
    tables = next(kind for kind in view.kinds if kind.title == "Tables")
    assert tables.rows[6].identity == "public.quest_moves"
    assert tables.rows[6].parts == "with 1 column, 1 foreign key"
    assert not [kind for kind in view.kinds if kind.title == "Columns"]
    assert view.summary == "10 removed, 1 changed, 6 added"


def test_when_thousands_of_objects_changed_then_the_first_are_listed_and_the_rest_counted() -> None:
    """Losses come first, so that none of them is among the rest."""
    many = (Change("view", f"public.v{n:04}", "added") for n in range(1_000))
    lost = Change("view", "public.zzz", "removed")
    (kind,) = schema(replace(runs.rehearsal(), changes=(*many, lost))).kinds
    assert kind.rows[0].identity == "public.zzz"
    assert kind.left_out == "and 851 more, in evidence.json"


def test_when_nobody_signed_yet_then_what_is_to_be_signed_is_not_counted_as_missing() -> None:
    """Once somebody signed, it is."""
    unsigned = criteria(runs.rehearsal(), (), {})
    assert (unsigned.met, unsigned.total, unsigned.rest) == (6, 6, "1 to be signed")
    signed = criteria(runs.rehearsal(), runs.signed(), {})
    assert (signed.met, signed.total, signed.rest) == (7, 7, "all of them")
    torn = criteria(runs.lost_a_key(), runs.torn(), {})
    assert (torn.met, torn.total, torn.rest) == (5, 7, "1 failed, 1 to be signed")


def test_when_a_criterion_is_waived_by_name_then_it_is_not_counted_as_met() -> None:
    """And its row says who waived it."""
    unmet = replace(records.criteria()[0], result=Failed(records.observation("1 error")))
    waiver = replace_waived(unmet.name)
    view = criteria(replace(runs.rehearsal(), criteria=(unmet,)), waiver, {})
    assert (view.met, view.total, view.rest) == (0, 1, "1 waived")
    assert view.groups[0].rows[0].sub == ("waived by chen@example.com",)
    assert view.groups[0].rows[0].seen.status.word == "FAIL"


def replace_waived(name: str) -> tuple[Signature, ...]:
    first, second, third = runs.signed()
    again = Signature(third.role, third.person, "GO", third.signed_at, valid=True, waived=(name,))
    return first, second, again


def test_when_the_run_is_on_another_day_than_planned_then_the_bars_show_what_was_observed() -> None:
    """A rehearsal in CI has nothing to do on the plan's clock, and the page says so."""
    late = tuple(
        replace(p, started=p.started and p.started.replace("2024-01-29", "2024-02-03"))
        for p in (replace(p, ended=None) for p in records.phases())
    )
    view = timeline(replace(runs.rehearsal(), phases=late))
    assert view.said.startswith("The run was not in its planned window: planned Monday 2024-01-29,")
    assert "observed Saturday 2024-02-03" in view.said
    assert not [row for row in view.rows if row.plan_bar]
    assert view.rows[0].observed == "not finished"


def test_when_a_phase_began_outside_its_window_then_its_row_says_by_how_much() -> None:
    """The plan's work time is compared too."""
    slow = PhaseRun(
        "migration 012",
        "2024-01-29T09:00:00.000Z",
        "2024-01-29T09:30:00.000Z",
        156 * records.MS,
        "2024-01-29T08:59:00.000Z",
        "2024-01-29T08:59:00.312Z",
    )
    (row,) = timeline(replace(runs.rehearsal(), phases=(slow,))).rows
    assert row.name == "Migration 012"
    assert row.observed == "312.0 ms"
    assert row.sub == (
        "from 08:59:00.000 UTC",
        "1 min 00 s before its window",
        "200 % of 156.0 ms planned",
    )


def test_when_planned_times_are_times_of_day_then_they_are_on_the_day_of_the_run() -> None:
    """And a text that is no time is shown as it is."""
    phases = (PhaseRun("before", "08:00", "08:30"), PhaseRun("final", "25:61"))
    rows = timeline(replace(runs.rehearsal(), phases=phases)).rows
    assert {row.planned for row in rows} == {"08:00 to 08:30 UTC", "25:61"}


def test_when_locks_are_shown_then_the_strongest_come_first_with_what_they_keep_others_from() -> (
    None
):
    """One row for each relation and mode, from its first statement on."""
    locks = execution(runs.rehearsal()).locks
    assert locks[0].mode == "AccessExclusive"
    assert locks[0].blocks == "all reads and writes"
    assert [k.relation for k in locks].count("public.agent_trust_scores") == 1
    assert locks[-1].mode == "AccessShare"
    assert (locks[1].bar.start, locks[1].bar.end) == ("2.864%", "100%")


def test_when_a_migration_has_thousands_of_statements_then_the_heaviest_are_shown() -> None:
    """In the file's order, and how long the others took together is said."""
    first, _ = records.migrations()
    quick = tuple(records.statement(n, "INSERT INTO t VALUES (1)", n, 0.1) for n in range(5_000))
    slow = records.statement(5_000, "CREATE INDEX ON t (a)", 5_000.0, 90.0)
    run = replace(first, statements=(*quick, slow))
    (view,) = execution(replace(runs.rehearsal(), migrations=(run,))).migrations
    assert len(view.statements) == 40
    assert view.statements[-1].text == "CREATE INDEX ON t (a)"
    assert view.left_out.startswith("5,001 statements; shown are the 40")
    assert "took 496.1 ms together" in view.left_out


def test_when_an_error_has_a_column_then_a_caret_points_at_it() -> None:
    """Tabs count as one character, as PostgreSQL counts."""
    view = execution(runs.stopped()).migrations[0]
    assert view.status.word == "ERROR"
    assert view.error
    line, caret = view.error.source.split("\n")
    assert line[caret.index("^")] == "c"
    assert view.error.place.endswith("011_fix_migration_conflicts.sql:52")


def test_when_rows_were_lost_without_declaration_then_they_come_first_and_are_marked() -> None:
    """A declared loss is no alarm."""
    tables = metrics(runs.lost_a_key()).tables
    assert [(t.table, t.bad) for t in tables] == [("public.moves", True), ("public.quests", False)]
    assert tables[1].note == "declared by the migration"
    assert tables[1].after == "not counted"


def test_when_nothing_was_probed_then_the_section_says_why_and_what_to_write() -> None:
    """At a stage that cannot observe it, there is nothing to write."""
    none = replace(runs.rehearsal(), checks=records.verifications())
    assert health(none).todo == ""
    assert "throw-away" in health(none).missing
    assert "probe" in health(runs.without_plan()).todo
    assert rollback(none).todo == "--dbmigrate-backup DIR"
    assert rollback(runs.without_plan()).todo == ""


def test_when_a_rehearsal_ran_on_a_clone_then_the_report_says_of_what_and_in_what_it_differs() -> (
    None
):
    """A GO on a clone is as good as the clone."""
    evidence = runs.cloned()
    head = identity(evidence, decide(evidence))
    assert head.target == "postgresql://migrator:***@db.internal/app"
    assert head.server.startswith("rehearsed on a clone without its rows (PostgreSQL 18.6")
    view = provenance(evidence, runs.DIGEST)
    assert view.clone == (
        "its rows were not cloned",
        "the target is PostgreSQL 15, the clone 18",
        "could not be cloned: extension pg_cron is not available",
        "is not the same: collation public.german",
        "was taken away, because it leads out of the clone: subscription billing",
    )
    assert provenance(runs.rehearsal(), runs.DIGEST).clone == ()
