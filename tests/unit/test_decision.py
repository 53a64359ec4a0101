"""GO or NO-GO: the truth table of every stage, the reasons, the exit status, the last line."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from runs import (
    DIGEST,
    ERROR,
    FAIL,
    PASS,
    UNCHECKED,
    check,
    criterion,
    migration,
    run,
    seen,
)

from pytest_dbmigrate.evidence.decision import (
    Decision,
    decide,
    exit_status,
    last_line,
    reasons_against_commit,
    undecided,
)
from pytest_dbmigrate.evidence.reasons import Reason
from pytest_dbmigrate.evidence.record import (
    Evidence,
    Failed,
    NotChecked,
    Rehearsal,
    Rerun,
    SignOffPolicy,
    SqlError,
    Stage,
    Target,
    Transaction,
)
from pytest_dbmigrate.evidence.sign_off import Signature

STAGES: tuple[Stage, ...] = ("rehearsal", "verify", "production", "monitoring")
UNCHANGED = Transaction(state="unchanged", began="2024-01-29T08:30:00.000Z")
UNKNOWN = Transaction(state="unknown", xid="755", why="connection lost")
NOTHING = Transaction(state="nothing written")


def signed(role: str, person: str, word: str = "GO", **fields: Any) -> Signature:
    shape: dict[str, Any] = {"signed_at": "2024-01-29T09:41:12.000Z", "valid": True}
    return Signature(role=role, person=person, decision=word, **(shape | fields))  # type: ignore[arg-type]  # a test's word


BOTH = (signed("devops", "dan"), signed("backend-lead", "ben"))


# What each change does to a run that is GO: (change, word, reason's outcome, exit status).
SAME_EVERYWHERE: dict[str, tuple[dict[str, Any], str]] = {
    "a check failed": ({"checks": (check(), check("b", FAIL))}, "FAIL"),
    "a check erred": ({"checks": (check(), check("b", ERROR))}, "ERROR"),
    "a check was not checked": ({"checks": (check(), check("b", UNCHECKED))}, "NOT CHECKED"),
    "a criterion failed": ({"criteria": (criterion(result=FAIL),)}, "FAIL"),
    "a criterion erred": ({"criteria": (criterion(result=ERROR),)}, "ERROR"),
    "a criterion was not checked": ({"criteria": (criterion(result=UNCHECKED),)}, "NOT CHECKED"),
    "checks were deselected": ({"planned": 12, "selected": 11}, "NOT CHECKED"),
    "-x stopped it": ({"complete": False, "incomplete": ("stopped by -x",)}, "NOT CHECKED"),
    "a worker crashed": ({"incomplete": ("worker gw1 crashed",)}, "NOT CHECKED"),
    "it died": ({"complete": False, "finished": None}, "NOT CHECKED"),
    "it says complete but has no end": ({"finished": None}, "NOT CHECKED"),
    "there are zero checks": ({"checks": ()}, "NOT CHECKED"),
    "every check is informational": ({"checks": (check(required=False),)}, "NOT CHECKED"),
    "no check applies": ({"checks": (check(applicable=False),)}, "NOT CHECKED"),
    "built-in checks alone ran": ({"checks": (check(kind="integrity"),)}, "NOT CHECKED"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_complete_run_in_which_everything_holds_is_go(stage: Stage) -> None:
    decision = decide(run(stage))

    assert decision.go
    assert decision.reasons == ()
    assert exit_status(decision, run(stage)) == 0


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("what", SAME_EVERYWHERE)
def test_anything_uncertain_is_no_go_at_every_stage(stage: Stage, what: str) -> None:
    changes, outcome = SAME_EVERYWHERE[what]
    evidence = run(stage, **changes)
    decision = decide(evidence)

    assert decision.word == "NO-GO"
    assert decision.reasons[0].outcome == outcome
    assert exit_status(decision, evidence) == (10 if stage == "production" else 1)


@pytest.mark.parametrize("stage", STAGES)
def test_informational_and_not_applicable_rows_never_stop_go(stage: Stage) -> None:
    evidence = run(stage)
    evidence = replace(
        evidence,
        checks=(*evidence.checks, check("i", FAIL, required=False), check("n", applicable=False)),
        criteria=(criterion("i", FAIL, required=False), criterion("n", FAIL, applicable=False)),
    )

    assert decide(evidence).go


def test_a_report_that_could_not_be_written_is_no_go_even_when_everything_passed() -> None:
    problem = Reason("ERROR", "the report could not be written: No space left", "make room")
    decision = decide(run("production"), problems=[problem])

    assert decision.reasons == (problem,)
    assert exit_status(decision, run("production")) == 10


@pytest.mark.parametrize(
    ("transaction", "word", "status", "database"),
    [
        (None, "GO", 0, "database committed at 2024-01-29T09:30:00.000Z"),
        (UNCHANGED, "NO-GO", 1, "database rolled back, unchanged"),
        (NOTHING, "NO-GO", 1, "nothing was written"),
        (UNKNOWN, "NO-GO", 11, "database UNKNOWN"),
    ],
)
def test_production_says_what_happened_to_the_database(
    transaction: Transaction | None, word: str, status: int, database: str
) -> None:
    """GO takes a commit that is known to have happened."""
    outcome = "committed" if transaction is None else "rolled back"
    evidence = run("production", migrations=(migration(outcome=outcome),))
    evidence = replace(evidence, transaction=transaction or evidence.transaction)
    decision = decide(evidence)

    assert (decision.word, exit_status(decision, evidence)) == (word, status)
    assert last_line(decision).startswith(f"dbmigrate: {word} · ")
    assert last_line(decision).endswith(f" · {database}")


def test_committed_and_not_go_is_never_taken_for_a_rollback() -> None:
    evidence = run("production", checks=(check(), check("api", FAIL, kind="probe", phase="health")))
    decision = decide(evidence)

    assert exit_status(decision, evidence) == 10
    assert "database committed at" in last_line(decision)


def test_a_commit_that_the_replicas_did_not_confirm_is_not_go() -> None:
    evidence = run("production")
    warned = replace(evidence.transaction, why="canceling wait for synchronous replication")

    assert decide(replace(evidence, transaction=warned)).word == "NO-GO"


def test_production_without_any_migration_is_not_go() -> None:
    assert decide(run("production", migrations=())).word == "NO-GO"


def test_production_with_a_migration_that_stayed_out_is_not_go() -> None:
    evidence = run("production", migrations=(migration(), migration("012", outcome="not run")))
    decision = decide(evidence)

    assert "012 not run" in decision.reasons[0].title


@pytest.mark.parametrize("stage", ["verify", "monitoring"])
def test_a_stage_that_only_reads_is_not_go_when_something_was_committed(stage: Stage) -> None:
    decision = decide(run(stage, transaction=Transaction(state="committed")))

    assert "must not write" in decision.reasons[0].title


def test_a_waiver_never_covers_migrations_that_were_rolled_back() -> None:
    allowed = Rehearsal("20240129T080003Z-rehearsal-7c1e", DIGEST, waived=("recovery",))
    evidence = run(
        "production",
        criteria=(criterion("recovery", UNCHECKED),),
        migrations=(migration(outcome="rolled back"),),
        transaction=UNCHANGED,
        rehearsal=allowed,
    )

    assert not decide(evidence).go


def test_a_rehearsal_says_that_its_database_was_a_throw_away_one() -> None:
    evidence = run("rehearsal", checks=(check(result=FAIL),))

    assert exit_status(decide(evidence), evidence) == 1
    assert last_line(decide(evidence)).endswith("(a throw-away rehearsal database)")


def test_a_rehearsal_on_a_real_database_counts_what_was_committed_there() -> None:
    target = Target(url="postgresql://db/app", server_version="18", database="app", role="me")
    evidence = run("rehearsal", checks=(check(result=FAIL),), target=target)

    assert exit_status(decide(evidence), evidence) == 10
    assert "throw-away" not in last_line(decide(evidence))


def test_a_failed_migration_is_the_first_reason_with_its_place_in_the_file() -> None:
    error = SqlError('column "x" is ambiguous', "42702", file="sql/011.sql", line=37)
    waiting = [check(name, NotChecked("not run: rolled back", "not-run")) for name in "abcd"]
    evidence = run(
        migrations=(migration(outcome="failed", error=error), migration("012", outcome="not run")),
        checks=tuple(waiting),
        transaction=UNCHANGED,
    )
    reasons = decide(evidence).reasons

    assert reasons[0].title == 'migration 011 failed: column "x" is ambiguous (sql/011.sql:37)'
    assert len(reasons) == 2, "what follows from it is told once"
    assert reasons[1].title == "4 checks were not run (a, b, c, d)"


def test_what_kept_the_run_from_starting_is_the_first_reason() -> None:
    why = "Cannot connect to app: Connection refused. What to do: check host and port."
    waiting = [check(name, NotChecked(f"not run: {why}", "not-run")) for name in "ab"]
    nothing = Transaction(state="nothing written", why=why)
    first, *rest = decide(run("verify", checks=tuple(waiting), transaction=nothing)).reasons

    assert (first.outcome, first.title) == (
        "ERROR",
        "Cannot connect to app: Connection refused.",
    )
    assert first.todo == "check host and port."
    assert [reason.title for reason in rest] == ["2 checks were not run (a, b)"]


def test_what_stopped_the_run_is_not_told_where_a_check_tells_it() -> None:
    waiting = check("later", NotChecked("not run: not committed: early", "not-run"))
    nothing = Transaction(state="unchanged", why="not committed: early")
    evidence = run("production", checks=(check("early", UNCHECKED), waiting), transaction=nothing)

    titles = [reason.title for reason in decide(evidence).reasons]
    assert [title for title in titles if title.startswith("not committed")] == []
    assert titles[0].startswith("early")


@pytest.mark.parametrize("result", [FAIL, ERROR, UNCHECKED])
def test_a_migration_that_cannot_be_run_twice_is_not_go(result: Any) -> None:
    assert not decide(run(reruns=(Rerun("011", "new", result),))).go


def test_reasons_come_in_order_of_weight() -> None:
    evidence = run(
        "production",
        transaction=UNKNOWN,
        checks=(check("u", UNCHECKED), check("e", ERROR), check("f", FAIL)),
        migrations=(migration(outcome="failed", error=SqlError("syntax error")),),
        planned=4,
        selected=3,
    )

    titles = [reason.title for reason in decide(evidence).reasons]
    assert [title.split(":")[0] for title in titles] == [
        "whether the COMMIT took effect is not known",
        "migration 011 failed",
        "e",
        "f",
        "1 of 4 planned checks were not selected",
        "u",
    ]
    assert all(reason.todo for reason in decide(evidence).reasons)


def test_a_criterion_that_only_repeats_a_failed_check_is_not_a_second_reason() -> None:
    failed = check("tables", FAIL)
    evidence = run(
        checks=(failed,), criteria=(criterion("tables-43", FAIL, evidence=(failed.id,)),)
    )

    assert [reason.name for reason in decide(evidence).reasons] == ["tables"]


def test_after_a_failure_criteria_that_could_not_be_judged_are_one_reason() -> None:
    open_ones = tuple(criterion(f"c{number}", UNCHECKED) for number in range(7))
    failed = check(result=FAIL, expected="43", source="sql/v.sql:9")

    assert len(decide(run(criteria=open_ones)).reasons) == 7
    reasons = decide(run(criteria=open_ones, checks=(failed,))).reasons
    assert [reason.title for reason in reasons] == [
        "tables: 43, observed 42 (sql/v.sql:9)",
        "7 criteria could not be judged (c0, c1, c2, c3, c4, … 2 more)",
    ]


def test_a_long_observation_is_cut_in_its_reason_and_in_the_last_line() -> None:
    wide = check(result=Failed(seen("x" * 5000)), expected="expect-value: 43")
    decision = decide(run(checks=(wide,)))

    assert decision.reasons[0].title.startswith("tables: expect-value: 43, observed xxx")
    assert len(decision.reasons[0].title) < 250
    assert len(last_line(decision)) < 300


def test_the_last_line_is_one_line_whatever_the_titles_hold() -> None:
    hostile = check("x", FAIL, title="a\nb\x1b[2J\u202ec")
    line = last_line(decide(run(checks=(hostile,))))

    assert line.isprintable()
    assert line.startswith("dbmigrate: NO-GO · a b")


def test_without_any_record_the_decision_is_no_go() -> None:
    decision = undecided("the target cannot be reached")

    assert last_line(decision) == (
        "dbmigrate: NO-GO · the target cannot be reached · nothing was written"
    )


class TestBeforeCommit:
    """What may stop the COMMIT is what can be known before it."""

    def open_run(self, **fields: Any) -> Evidence:
        return run(
            "production",
            **{
                "migrations": (migration(outcome="unknown"),),
                "transaction": Transaction(state="unknown", began="2024-01-29T08:30:00.000Z"),
                "complete": False,
                "finished": None,
            }
            | fields,
        )

    def test_when_everything_known_holds_then_it_may_be_sent(self) -> None:
        late = criterion("late", UNCHECKED, after_commit=True)
        health = check("api", UNCHECKED, kind="probe", phase="health")
        evidence = self.open_run(checks=(check(), health), criteria=(criterion(), late))

        assert reasons_against_commit(evidence) == ()

    @pytest.mark.parametrize(
        "fields",
        [
            {"checks": (check(result=FAIL),)},
            {"checks": (check(result=ERROR),)},
            {"checks": (check(result=UNCHECKED),)},
            {"checks": ()},
            {"criteria": (criterion(result=FAIL),)},
            {"criteria": (criterion(result=UNCHECKED),)},
            {"migrations": (migration(outcome="failed", error=SqlError("no")),)},
            {"migrations": (migration(outcome="unknown"), migration("012", outcome="not run"))},
            {"planned": 2},
            {"incomplete": ("interrupted",)},
        ],
    )
    def test_when_anything_known_is_uncertain_then_it_may_not(self, fields: Any) -> None:
        assert reasons_against_commit(self.open_run(**fields))


class TestSignOff:
    """GO means that the rehearsal is GO and each required role has signed it."""

    def test_each_role_signed_go_then_go(self) -> None:
        decision = decide(run(), sign_off=True, signatures=BOTH)

        assert decision.go
        assert decision.stage == "sign-off"
        assert "2 of 2 roles signed GO" in decision.sentence

    @pytest.mark.parametrize(
        ("signatures", "says"),
        [
            ((), "has not signed"),
            (BOTH[:1], "Backend Lead has not signed"),
            ((BOTH[0], signed("backend-lead", "ben", "NO-GO")), "signed NO-GO"),
            ((BOTH[0], signed("backend-lead", "dan")), "each needs its own"),
            ((BOTH[0], signed("backend-lead", "Dan")), "each needs its own"),
            (
                (BOTH[0], signed("backend-lead", "ben", valid=False, why="edited")),
                "ben): edited",
            ),
            ((*BOTH, signed("cto", "eve")), "no such role"),
            ((*BOTH, signed("devops", "eve", valid=False, why="unknown key")), "unknown key"),
            ((BOTH[0], signed("backend-lead", "ben", waived=("typo",))), 'waives "typo"'),
        ],
    )
    def test_anything_less_is_no_go(self, signatures: tuple[Signature, ...], says: str) -> None:
        decision = decide(run(), sign_off=True, signatures=signatures)

        assert not decision.go
        assert any(says in reason.title for reason in decision.reasons)

    def test_one_person_with_two_names_and_one_key_is_one_person(self) -> None:
        two = [
            signed("devops", "dan", fingerprint="SHA256:a"),
            signed("backend-lead", "daniel", fingerprint="SHA256:a"),
        ]

        assert not decide(run(), sign_off=True, signatures=two).go

    def test_one_person_may_sign_for_two_roles_where_the_plan_says_so(self) -> None:
        evidence = run(policy=SignOffPolicy(distinct_people=False))
        two = [signed("devops", "dan"), signed("backend-lead", "dan")]

        assert decide(evidence, sign_off=True, signatures=two).go

    def test_roles_are_given_to_people_so_that_each_has_its_own_where_that_is_possible(
        self,
    ) -> None:
        """Dan signed for both roles and Ben for one of them: that is two people."""
        three = [signed("devops", "dan"), signed("backend-lead", "dan"), signed("devops", "ben")]

        assert decide(run(), sign_off=True, signatures=three).go

    def test_the_operator_may_not_sign_alone(self) -> None:
        evidence = run(policy=SignOffPolicy(distinct_people=False), operator="Dan")
        alone = [signed("devops", "dan@example.com"), signed("backend-lead", "dan@example.com")]

        assert not decide(evidence, sign_off=True, signatures=alone).go
        assert decide(
            replace(evidence, policy=SignOffPolicy(operator_may_sign=True, distinct_people=False)),
            sign_off=True,
            signatures=alone,
        ).go

    def test_the_operator_may_sign_when_somebody_else_does_too(self) -> None:
        assert decide(run(operator="dan"), sign_off=True, signatures=BOTH).go

    def test_a_person_can_take_back_a_no_go_and_a_go(self) -> None:
        no = signed("devops", "dan", "NO-GO", signed_at="2024-01-29T09:00:00.000Z")
        late = signed("devops", "dan", "NO-GO", signed_at="2024-01-29T10:00:00.000Z")

        assert decide(run(), sign_off=True, signatures=(*BOTH, no)).go
        assert not decide(run(), sign_off=True, signatures=(*BOTH, late)).go

    def test_a_plan_without_roles_cannot_be_signed_off(self) -> None:
        assert not decide(run(roles=()), sign_off=True, signatures=()).go

    def test_a_rehearsal_that_is_not_go_cannot_be_signed_into_go(self) -> None:
        assert not decide(run(checks=(check(result=FAIL),)), sign_off=True, signatures=BOTH).go

    def test_a_criterion_that_is_signed_needs_its_role_and_nothing_else(self) -> None:
        stated = criterion("notified", UNCHECKED, signed_by="devops", stages=("sign-off",))
        evidence = run(criteria=(stated,))

        assert decide(evidence).go, "a rehearsal cannot wait for signatures"
        assert decide(evidence, sign_off=True, signatures=BOTH).go
        assert not decide(evidence, sign_off=True, signatures=BOTH[1:]).go


class TestWaivers:
    """A signature waives by name what was not checked, and nothing else."""

    def waiving(self, *names: str) -> tuple[Signature, ...]:
        return (BOTH[0], signed("backend-lead", "ben", waived=names))

    def test_a_waived_criterion_that_was_not_checked_does_not_stop_the_sign_off(self) -> None:
        evidence = run(criteria=(criterion("recovery", UNCHECKED),))

        assert not decide(evidence).go, "the rehearsal itself stays what it is"
        assert not decide(evidence, signatures=self.waiving("recovery")).go
        assert decide(evidence, sign_off=True, signatures=self.waiving("recovery")).go

    def test_a_waived_criterion_excuses_the_checks_it_is_bound_to(self) -> None:
        unchecked = check("b", UNCHECKED)
        bound = criterion("integrity", UNCHECKED, evidence=(unchecked.id,))
        evidence = run(checks=(check(), unchecked), criteria=(bound,))

        assert decide(evidence, sign_off=True, signatures=self.waiving("integrity")).go
        assert not decide(evidence, sign_off=True, signatures=self.waiving("b")).go

    @pytest.mark.parametrize("result", [FAIL, ERROR])
    def test_what_failed_or_erred_cannot_be_waived(self, result: Any) -> None:
        evidence = run(criteria=(criterion("fast", result),))

        assert not decide(evidence, sign_off=True, signatures=self.waiving("fast")).go

    @pytest.mark.parametrize(
        "waiver",
        [
            signed("backend-lead", "ben", "NO-GO", waived=("recovery",)),
            signed("backend-lead", "ben", valid=False, why="edited", waived=("recovery",)),
            signed("cto", "eve", waived=("recovery",)),
        ],
    )
    def test_only_a_valid_go_of_a_required_role_waives(self, waiver: Signature) -> None:
        evidence = run(criteria=(criterion("recovery", UNCHECKED),))
        reasons = decide(evidence, sign_off=True, signatures=(*BOTH, waiver)).reasons

        assert any(reason.name == "recovery" for reason in reasons)

    def test_production_carries_the_waivers_of_the_rehearsal_that_allowed_it(self) -> None:
        allowed = Rehearsal("20240129T080003Z-rehearsal-7c1e", DIGEST, waived=("recovery",))
        evidence = run("production", criteria=(criterion("recovery", UNCHECKED),))

        assert not decide(evidence).go
        assert decide(replace(evidence, run=replace(evidence.run, rehearsal=allowed))).go

    def test_an_incomplete_run_cannot_be_waived(self) -> None:
        evidence = run(complete=False)

        assert not decide(evidence, sign_off=True, signatures=self.waiving("fast")).go


def test_the_decision_is_the_same_for_the_record_that_was_written_and_read_again() -> None:
    from pytest_dbmigrate.evidence.record import decode, encode  # noqa: PLC0415

    evidence = run("production", checks=(check("a", PASS), check("b", FAIL)))

    def judged(of: Evidence) -> Decision:
        return decide(of)

    assert judged(decode(encode(evidence))) == judged(evidence)
