"""The plan's criteria against what was observed: every figure, every binding, every stage."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace
from runs import (
    DIGEST,
    ERROR,
    FAIL,
    MS,
    PASS,
    UNCHECKED,
    check,
    migration,
    run,
    seen,
)

from pytest_dbmigrate.evidence.criteria import judge_criteria
from pytest_dbmigrate.evidence.figures import figures, observe
from pytest_dbmigrate.evidence.record import (
    Change,
    Criterion,
    Evidence,
    Lock,
    Metric,
    Notice,
    Observation,
    PhaseRun,
    Rehearsal,
    Rerun,
    RowChange,
    SqlError,
    StatementRun,
    outcome,
)
from pytest_dbmigrate.evidence.timeline import outside_window, planned_phases
from pytest_dbmigrate.spec.figures import known_figures
from pytest_dbmigrate.spec.plan import Plan, read_plan

HEAD = """\
title = "Week 1"
[[role]]
name = "devops"
title = "DevOps"
[[probe.http]]
name = "health"
path = "/health"
"""


def plan(body: str) -> Plan:
    return read_plan(HEAD + body, "sql/plan.toml")


def judge(binding: str, evidence: Evidence) -> Criterion:
    """The one criterion of a plan that binds it as given."""
    body = f'[[criterion]]\nname = "c"\ntitle = "C"\n{binding}\n'
    return judge_criteria(plan(body), evidence)[0]


def word(binding: str, evidence: Evidence) -> str:
    return outcome(judge(binding, evidence).result)


def value(name: str, evidence: Evidence) -> float | None:
    found = observe(name, evidence)
    assert isinstance(found, Observation), found
    return found.value


def why(name: str, evidence: Evidence) -> str:
    found = observe(name, evidence)
    assert isinstance(found, str), found
    return found


def statement(**fields: Any) -> StatementRun:
    shape: dict[str, Any] = {
        "line": 37,
        "end_line": 37,
        "text": "DROP TABLE quests",
        "tag": "DROP TABLE",
        "start_ns": 0,
        "duration_ns": MS,
    }
    return StatementRun(**(shape | fields))


BOTH = (
    migration("011", duration_ns=234 * MS),
    migration("012", duration_ns=156 * MS),
)


class TestFigures:
    """Each figure is what was observed, or says in words why it was not."""

    def test_durations_add_up_and_are_in_ms(self) -> None:
        evidence = run(migrations=BOTH)

        assert value("migrations.duration", evidence) == 390
        assert value("migrations.011.duration", evidence) == 234
        assert observe("migrations.duration", evidence).text == "390 ms"  # type: ignore[union-attr]  # another kind fails here too

    def test_a_duration_is_cut_and_never_shown_on_the_other_side_of_its_limit(self) -> None:
        evidence = run(migrations=(migration(duration_ns=500 * MS - 1),))

        assert judge('figure = "migrations.duration"\nlimit = "< 500 ms"', evidence).result == (
            judge('figure = "migrations.011.duration"\nlimit = "< 500 ms"', evidence).result
        )
        assert observe("migrations.duration", evidence).text == "499.999 ms"  # type: ignore[union-attr]  # another kind fails here too

    def test_a_migration_that_stopped_has_errors_and_no_duration(self) -> None:
        stopped = migration("012", outcome="failed", error=SqlError("syntax error"))
        evidence = run(migrations=(BOTH[0], stopped))

        assert value("migrations.errors", evidence) == 1
        assert value("migrations.011.errors", evidence) == 0
        assert "012 stopped" in why("migrations.duration", evidence)
        assert "012 stopped" in why("warnings", evidence)

    @pytest.mark.parametrize("name", ["errors", "duration", "warnings"])
    def test_a_migration_that_did_not_run_has_no_figures(self, name: str) -> None:
        evidence = run(migrations=(BOTH[0], migration("012", outcome="not run")))

        assert "012 did not run" in why(f"migrations.012.{name}", evidence)
        assert why("migrations.duration", evidence)
        assert why(f"migrations.{name}", run(migrations=())) if name != "warnings" else True

    def test_an_open_transaction_has_figures_already(self) -> None:
        evidence = run(migrations=(migration(outcome="unknown"),))

        assert value("migrations.duration", evidence) == 234

    def test_warnings_count_and_notices_do_not(self) -> None:
        noisy = statement(notices=(Notice("WARNING", "01000", "!"), Notice("NOTICE", "0", "i")))
        evidence = run(migrations=(migration(statements=(noisy,)),))

        assert value("warnings", evidence) == value("migrations.011.warnings", evidence) == 1

    def test_rows_are_lost_only_where_it_is_not_declared(self) -> None:
        rows = (RowChange("moves", lost=3), RowChange("quests", lost=5, declared=True))

        assert value("rows.lost", run(rows=rows, measured=("rows",))) == 3
        assert value("rows.lost", run(measured=("rows",))) == 0
        assert "not counted" in why("rows.lost", run(rows=rows))

    def test_changes_of_the_schema_are_counted_only_when_it_was_compared(self) -> None:
        changes = (
            Change("table", "public.quests", "removed", declared=True),
            Change("table", "public.wins", "added"),
            Change("view", "public.board", "removed"),
        )
        evidence = run(changes=changes, measured=("schema",))

        assert value("tables.dropped", evidence) == 1
        assert value("tables.created", evidence) == 1
        assert value("changes.undeclared", evidence) == 1
        assert why("tables.dropped", run(changes=changes))

    def test_metrics_have_a_side_before_a_side_after_and_a_change(self) -> None:
        evidence = run(metrics=(Metric("tables", "Tables", seen("52", 52), seen("43", 43)),))

        assert [value(f"tables.{side}", evidence) for side in ("before", "after", "change")] == [
            52,
            43,
            -9,
        ]
        assert why("foreign-keys.after", evidence)
        only = run(metrics=(Metric("tables", "Tables", after=seen("43", 43)),))
        assert why("tables.before", only)
        assert why("tables.change", only)

    def test_single_metrics_are_figures_by_their_own_name(self) -> None:
        metric = Metric("recovery", "Recovery", after=seen("4 min", 240_000, "ms"))

        assert value("recovery", run(metrics=(metric,))) == 240_000
        assert why("downtime", run(metrics=(metric,)))

    def test_the_m_of_n_counts_the_final_required_applicable_ones_of_the_counted_sets(
        self,
    ) -> None:
        checks = (
            check("a"),
            check("b"),
            check("info", FAIL, required=False),
            check("elsewhere", UNCHECKED, applicable=False),
            check("extra", counted=False),
            check("early", phase="before"),
            check("built in", kind="integrity"),
        )

        assert observe("checks.passed", run(checks=checks)).text == "2 of 2"  # type: ignore[union-attr]  # another kind fails here too

    def test_a_count_with_something_unseen_in_it_is_no_observation(self) -> None:
        assert "not observed: b" in why("checks.passed", run(checks=(check(), check("b", ERROR))))
        assert value("checks.passed", run(checks=(check(), check("b", FAIL)))) == 1
        assert why("checks.passed", run(checks=()))

    def test_vacuous_checks_are_those_that_passed_before_and_were_not_meant_to(self) -> None:
        checks = (
            check("a", passed_before=True),
            check("b", passed_before=True, meant_to_stay=True),
            check("c", passed_before=False),
        )

        assert value("checks.vacuous", run(checks=checks)) == 1
        assert why("checks.vacuous", run())

    def test_reruns_count_those_that_changed_or_raised_something(self) -> None:
        reruns = (Rerun("011", "same", PASS), Rerun("011", "new", FAIL), Rerun("012", "new", ERROR))

        assert value("reruns.changes", run(reruns=reruns)) == 2
        assert why("reruns.changes", run())
        assert why("reruns.changes", run(reruns=(Rerun("011", "new", UNCHECKED),)))

    def test_the_transaction_s_length_is_from_begin_to_its_end(self) -> None:
        assert value("total.duration", run()) == 3_600_000
        open_one = replace(run().transaction, ended=None)
        assert why("total.duration", run(transaction=open_one))

    def test_the_longest_exclusive_lock_is_found(self) -> None:
        held = statement(
            locks=(
                Lock("moves", "AccessExclusiveLock", 0, 90 * MS),
                Lock("users", "ShareLock", 0, 900 * MS),
            )
        )
        evidence = run(migrations=(migration(statements=(held,)),), measured=("locks",))

        assert value("locks.held", evidence) == 90
        assert why("locks.held", replace(evidence, measured=()))

    def test_differences_from_the_rehearsal_exist_only_when_it_was_compared(self) -> None:
        compared = Rehearsal("r", DIGEST, differences=("tables",))

        assert value("rehearsal.differences", run("production", rehearsal=compared)) == 1
        assert why("rehearsal.differences", run("production", rehearsal=Rehearsal("r", DIGEST)))
        assert why("rehearsal.differences", run("production"))

    @pytest.mark.parametrize(
        ("opens", "closes", "outside"),
        [("08:00", "12:00", 0), ("08:31", "12:00", 60_000), ("08:00", "09:00", 1_800_000)],
    )
    def test_time_outside_the_window_is_measured_on_both_sides(
        self, opens: str, closes: str, outside: int
    ) -> None:
        phase = PhaseRun("final", f"2024-01-29T{opens}:00.000Z", f"2024-01-29T{closes}:00.000Z")

        assert value("schedule.outside", run("production", phases=(phase,))) == outside
        assert why("schedule.outside", run("production"))

    def test_every_known_figure_can_be_asked_for_and_nothing_else(self) -> None:
        for name in known_figures(["011"], ["campaign_list"]):
            observe(name, run())
        with pytest.raises(KeyError):
            observe("nonsense", run())

    def test_all_figures_of_a_run_come_by_name(self) -> None:
        found = figures(run(migrations=BOTH))

        assert found["migrations.duration"] is not None
        assert found["downtime"] is None


class TestChecks:
    """A criterion bound to checks is as good as the worst of them."""

    @pytest.mark.parametrize("result", [PASS, FAIL, ERROR, UNCHECKED])
    def test_one_check_speaks_for_itself(self, result: Any) -> None:
        only = check(result=result)
        found = judge('checks = "tables"', run(checks=(only,)))

        assert found.result == result
        assert found.evidence == (only.id,)

    @pytest.mark.parametrize(
        ("results", "expected"),
        [
            ((PASS, PASS), "PASS"),
            ((PASS, FAIL, ERROR, UNCHECKED), "FAIL"),
            ((PASS, UNCHECKED, ERROR), "ERROR"),
            ((PASS, UNCHECKED), "NOT CHECKED"),
        ],
    )
    def test_of_several_the_worst_counts(self, results: tuple[Any, ...], expected: str) -> None:
        checks = tuple(check(f"c{n}", result) for n, result in enumerate(results))
        names = ", ".join(f'"{each.name}"' for each in checks)

        assert word(f"checks = [{names}]", run(checks=checks)) == expected

    def test_a_failure_among_several_is_told_by_name(self) -> None:
        checks = (check("a"), check("b", FAIL), check("c", UNCHECKED))
        found = judge('checks = ["a", "b", "c"]', run(checks=checks)).result

        assert found.observed.text == "1 of 3 pass; b: 42; 1 not observed"  # type: ignore[union-attr]  # another kind fails here too

    def test_a_name_means_all_cases_of_the_check(self) -> None:
        checks = (check("rows.moves"), check("rows.users", FAIL))

        assert word('checks = "rows"', run(checks=checks)) == "FAIL"
        assert word('checks = "rows.moves"', run(checks=checks)) == "PASS"

    def test_a_set_is_its_required_checks(self) -> None:
        checks = (
            check("a", query_set="Tables"),
            check("i", FAIL, query_set="Tables", required=False),
            check("b", FAIL, query_set="Keys"),
        )

        assert word('sets = "Tables"', run(checks=checks)) == "PASS"
        assert word('sets = ["Tables", "Keys"]', run(checks=checks)) == "FAIL"

    @pytest.mark.parametrize("binding", ['checks = "gone"', 'sets = "gone"', 'checks = "health"'])
    def test_what_did_not_run_is_not_checked(self, binding: str) -> None:
        found = judge(binding, run("production"))

        assert found.applicable
        assert outcome(found.result) == "NOT CHECKED"

    def test_bound_to_nothing_is_not_checked_and_says_where_to_bind_it(self) -> None:
        found = judge("", run())

        assert outcome(found.result) == "NOT CHECKED"
        assert found.applicable
        assert "sql/plan.toml:8" in found.result.todo  # type: ignore[union-attr]  # another kind fails here too


class TestStages:
    """What cannot be observed at a stage is not applicable there and never passed."""

    @pytest.mark.parametrize(
        ("binding", "stages"),
        [
            ('figure = "warnings"\nlimit = 0', {"rehearsal", "production"}),
            (
                'figure = "downtime"\nlimit = "< 1 s"\nstages = ["production"]',
                {"production"},
            ),
            ('figure = "schedule.outside"\nlimit = "0 ms"', {"production"}),
            ('checks = "health"', {"verify", "production", "monitoring"}),
            ('signed_by = "devops"\nphase = "before"', {"rehearsal"}),
            ('signed_by = "devops"\nphase = "health"', {"production"}),
            ('signed_by = "devops"\nphase = "monitoring"', {"monitoring"}),
            ("", {"rehearsal", "verify", "production"}),
        ],
    )
    def test_a_criterion_applies_where_it_can_be_judged(
        self, binding: str, stages: set[str]
    ) -> None:
        found = {
            stage
            for stage in ("rehearsal", "verify", "production", "monitoring")
            if judge(binding, run(stage)).applicable
        }

        assert found == stages

    def test_where_it_does_not_apply_it_is_never_passed(self) -> None:
        found = judge('checks = "tables"\nstages = ["production"]', run("rehearsal"))

        assert not found.applicable
        assert outcome(found.result) == "NOT CHECKED"
        assert "production" in found.result.why  # type: ignore[union-attr]  # another kind fails here too

    def test_checks_that_do_not_apply_make_the_criterion_not_apply(self) -> None:
        checks = (check("a"), check("b", UNCHECKED, applicable=False))

        assert not judge('checks = ["a", "b"]', run("verify", checks=checks)).applicable

    def test_a_set_is_judged_by_those_of_its_checks_that_apply(self) -> None:
        checks = (check("a", query_set="s"), check("b", UNCHECKED, applicable=False, query_set="s"))

        assert word('sets = "s"', run("verify", checks=checks)) == "PASS"

    @pytest.mark.parametrize(
        ("binding", "late"),
        [
            ('figure = "migrations.duration"\nlimit = "< 1 s"', False),
            ('figure = "total.duration"\nlimit = "< 5 min"', True),
            ('checks = "tables"', False),
            ('checks = "health"', True),
            ('checks = "after"', True),
        ],
    )
    def test_it_is_known_which_criteria_can_only_be_judged_after_the_commit(
        self, binding: str, *, late: bool
    ) -> None:
        checks = (check(), check("after", phase="health"))

        assert judge(binding, run("production", checks=checks)).after_commit is late


def test_a_signed_criterion_stays_open_and_says_how_to_sign_it() -> None:
    found = judge('signed_by = "devops"\nphase = "before"', run())

    assert outcome(found.result) == "NOT CHECKED"
    assert found.expected == "signed by DevOps"
    assert "--role devops" in found.result.todo  # type: ignore[union-attr]  # another kind fails here too


def test_a_figure_on_either_side_of_its_limit() -> None:
    evidence = run(migrations=BOTH)

    assert word('figure = "migrations.duration"\nlimit = "< 500 ms"', evidence) == "PASS"
    assert word('figure = "migrations.duration"\nlimit = "< 390 ms"', evidence) == "FAIL"
    assert word('figure = "downtime"\nlimit = "< 390 ms"', evidence) == "NOT CHECKED"


def test_a_metric_without_a_number_is_never_compared() -> None:
    evidence = run(metrics=(Metric("tables", "Tables", after=seen("many")),))

    assert word('figure = "tables.after"\nlimit = 43', evidence) == "NOT CHECKED"


def test_a_figure_in_another_unit_than_its_limit_is_never_compared() -> None:
    evidence = run(metrics=(Metric("recovery", "Recovery", after=seen("4", 4)),))

    assert word('figure = "recovery"\nlimit = "< 15 min"', evidence) == "NOT CHECKED"


def test_options_of_the_plan_are_criteria_of_their_own() -> None:
    body = """\
[options]
forbid_warnings = true
vacuous = "fail"
[schedule]
outside = "forbid"
[[schedule.phase]]
phase = "before"
start = "08:00"
duration = "1 h"
[backup]
path = "x.dump"
max_age = "60 min"
"""
    found = judge_criteria(plan(body), run("production"))

    assert [each.name for each in found] == [
        "plan.warnings",
        "plan.vacuous",
        "plan.window",
        "plan.backup",
    ]
    assert found[3].expected == "<= 1 h"
    assert judge_criteria(plan(""), run()) == ()


def test_a_platform_s_backup_is_a_statement_of_its_role() -> None:
    (found,) = judge_criteria(plan('[backup]\nsigned_by = "devops"\n'), run())

    assert (found.signed_by, found.phase) == ("devops", "before")


class TestTimeline:
    """Times of day become moments in UTC."""

    BODY = """\
[[schedule.phase]]
phase = "before"
start = "22:00"
[[schedule.phase]]
phase = "final"
start = "01:30"
duration = "30 min"
expected = "5 s"
"""

    def at(self, text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    def named(self, zone: str, day: str = "") -> Plan:
        head = f'timezone = "{zone}"\n' + HEAD
        return read_plan(head + day + self.BODY, "sql/plan.toml")

    def test_a_night_has_two_dates(self) -> None:
        phases = planned_phases(self.named("UTC"), self.at("2024-01-29 23:00"))

        assert [(each.planned_start, each.planned_end) for each in phases] == [
            ("2024-01-29T22:00:00.000Z", "2024-01-30T01:30:00.000Z"),
            ("2024-01-30T01:30:00.000Z", "2024-01-30T02:00:00.000Z"),
        ]
        assert phases[1].planned_ns == 5_000_000_000

    def test_after_midnight_the_window_is_still_last_night_s(self) -> None:
        phases = planned_phases(self.named("UTC"), self.at("2024-01-30 00:30"))

        assert phases[0].planned_start == "2024-01-29T22:00:00.000Z"

    def test_the_zone_of_the_plan_counts(self) -> None:
        phases = planned_phases(self.named("America/New_York"), self.at("2024-07-30 03:00"))

        assert phases[0].planned_start == "2024-07-30T02:00:00.000Z"

    def test_outside_the_window_is_said_with_both_times_and_computed_weekdays(self) -> None:
        fixed = self.named("UTC", "[schedule]\ndate = 2024-01-29\n")

        assert outside_window(fixed, self.at("2024-01-29 23:00")) == ""
        assert outside_window(fixed, self.at("2024-01-31 23:00")) == (
            "it is Wednesday 2024-01-31 23:00, outside the plan's window "
            "Monday 2024-01-29 22:00 to Tuesday 2024-01-30 02:00 (UTC)"
        )
        assert outside_window(plan(""), self.at("2024-01-31 23:00")) == ""
