"""Whose signatures are needed, whose are there, and what they waive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.evidence.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_dbmigrate.evidence.record import Evidence


@dataclass(frozen=True, slots=True)
class Signature:
    """One verified or refused signature: a role's statement over the digest of the evidence."""

    role: str
    person: str
    decision: Literal["GO", "NO-GO"]
    signed_at: str
    valid: bool
    why: str = ""
    waived: tuple[str, ...] = ()
    comment: str = ""
    fingerprint: str = ""


def waived_names(evidence: Evidence, signatures: Sequence[Signature]) -> frozenset[str]:
    """The criteria (or checks) that somebody who must sign GO has waived by name.

    A production run carries the waivers of the rehearsal that allowed it.
    """
    names = {
        n
        for each in standing_signatures(evidence, signatures)
        if each.decision == "GO"
        for n in each.waived
    }
    rehearsal = evidence.run.rehearsal
    return frozenset(names | set(rehearsal.waived if rehearsal else ()))


def sign_off_reasons(evidence: Evidence, signatures: Sequence[Signature]) -> Iterator[Reason]:
    """What is missing or wrong about the signatures."""
    if not evidence.roles:
        yield Reason(
            "NOT SIGNED", "the plan names nobody who must sign", "write [[role]] in plan.toml"
        )
    titles = {role.name: role.title for role in evidence.roles}
    for each in signatures:
        who = f"{titles.get(each.role, each.role)} ({each.person or 'unknown'})"
        if not each.valid:
            yield Reason("REFUSED", f"the signature of {who}: {each.why}", "sign again", "sign-off")
        elif each.role not in titles:
            yield Reason(
                "REFUSED",
                f"the signature of {who}: no such role in the plan",
                "remove it",
                "sign-off",
            )
    standing = standing_signatures(evidence, signatures)
    for each in standing:
        if each.decision == "NO-GO":
            said = f': "{each.comment}"' if each.comment else ""
            yield Reason(
                "NO-GO",
                f"{titles[each.role]} ({each.person}) signed NO-GO{said}",
                "resolve it with them; they can sign again",
                "sign-off",
            )
    go = [each for each in standing if each.decision == "GO"]
    missing = [role for role in evidence.roles if all(each.role != role.name for each in go)]
    for role in missing:
        if all(each.role != role.name for each in standing):
            yield Reason(
                "NOT SIGNED",
                f"{role.title} has not signed this evidence",
                f"pytest-dbmigrate sign {evidence.run.id} --role {role.name} --decision GO",
                "sign-off",
            )
    if not missing:
        yield from _people_reasons(evidence, go)
    yield from _waiver_reasons(evidence, go)


def standing_signatures(evidence: Evidence, signatures: Sequence[Signature]) -> list[Signature]:
    """The latest valid statement of each person for each role; at the same time NO-GO stands."""
    names = {role.name for role in evidence.roles}
    latest: dict[tuple[str, str], Signature] = {}
    for each in sorted(signatures, key=lambda each: (each.signed_at, each.decision == "NO-GO")):
        if each.valid and each.role in names:
            latest[each.role, each.person.casefold()] = each
    return list(latest.values())


def _people_reasons(evidence: Evidence, go: Sequence[Signature]) -> Iterator[Reason]:
    people = _people(go)
    roles = [role.name for role in evidence.roles]
    who = [{people[each] for each in go if each.role == role} for role in roles]
    if evidence.policy.distinct_people and not _assign(who, frozenset()):
        yield Reason(
            "REFUSED",
            f"{len(set().union(*who))} people signed for {len(roles)} roles, each needs its own",
            "another person signs for one of the roles",
            "sign-off",
        )
    operator = evidence.run.operator.casefold()
    others = [p for p in people.values() if not _same_person(p, operator)]
    if roles and not evidence.policy.operator_may_sign and not others:
        yield Reason(
            "REFUSED",
            f"only the operator ({evidence.run.operator}) signed what the operator ran",
            "somebody else signs too",
            "sign-off",
        )


def _people(signatures: Sequence[Signature]) -> dict[Signature, str]:
    """Who each signature is by: two names with one key are one person."""
    by_key: dict[str, str] = {}
    people = {}
    for each in signatures:
        person = each.person.casefold()
        people[each] = by_key.setdefault(each.fingerprint, person) if each.fingerprint else person
    return people


def _same_person(person: str, operator: str) -> bool:
    """`asha@example.com` is taken for operator `asha`: a wrong guess only asks for one more."""
    return person == operator or person.partition("@")[0] == operator.partition("@")[0]


def _assign(roles: Sequence[set[str]], taken: frozenset[str]) -> bool:
    """Whether each role can have a person of its own."""
    if not roles:
        return True
    return any(_assign(roles[1:], taken | {person}) for person in roles[0] - taken)


def _waiver_reasons(evidence: Evidence, go: Sequence[Signature]) -> Iterator[Reason]:
    """A waiver of something that does not exist is a mistake, and a mistake is not GO."""
    known = {c.name for c in evidence.criteria}
    known |= {name for check in evidence.checks for name in (check.name, check.id)}
    for each in go:
        for name in each.waived:
            if name not in known:
                yield Reason(
                    "REFUSED",
                    f'{each.person} waives "{name}", which is no criterion and no check',
                    "sign again with the name as the report prints it",
                    "sign-off",
                )
