"""The way back as it was proven → the record: checks, figures, and the backup itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_dbmigrate.evidence import record
from pytest_dbmigrate.evidence.lookups import milliseconds
from pytest_dbmigrate.evidence.words import TEXT_CHARACTERS, clip, time_text
from pytest_dbmigrate.spec.builtins import BACKUP, BACKUP_FILE, BACKUP_RESTORES, DOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.postgres.backup import Backup
    from pytest_dbmigrate.postgres.down_and_up import WentBack
    from pytest_dbmigrate.postgres.drill import Drill
    from pytest_dbmigrate.postgres.gate import Gate
    from pytest_dbmigrate.postgres.proving import WayBack

QUERY_SET = "The way back"
_MINUTE_NS = 60_000_000_000
# A drill elsewhere says that a backup can be restored, not how long that takes there.
_ELSEWHERE = (
    "how long it took here is not how long it takes there: --dbmigrate-restore-url measures that"
)


def way_back_records(
    gate: Gate, found: WayBack | None, scrub: Callable[[str], str]
) -> Iterator[record.Check]:
    """The checks of the way back, as far as one was asked for."""
    if found is None:
        return
    if found.taking:
        yield _check(gate, BACKUP, "a dump of the whole", _taken(found, scrub))
        restored = _check(gate, BACKUP_RESTORES, "restored, and equal", _restored(found, scrub))
        yield replace(restored, note=_ELSEWHERE if found.drill is not None else "")
    elif found.file is not None:
        age = f"at most {_age(found.file_max_age_ns)} old"
        yield _check(gate, BACKUP_FILE, age, _file(found, scrub))


def down_records(gate: Gate) -> Iterator[record.Check]:
    """The ways back of those migrations that have one, as a rehearsal tried them."""
    tried = {each.version: each for each in gate.seen.went_back}
    for migration in gate.project.migrations:
        if migration.down is not None:
            here = gate.stage == "rehearsal"
            yield record.Check(
                id=f"{migration.path}::{DOWN}",
                name=f"{DOWN}-{migration.version}",
                title=f"{migration.version} can be taken back and applied again",
                kind="rollback",
                phase="final",
                result=_went_back(gate, tried.get(migration.version)),
                query_set=QUERY_SET,
                source=migration.down.script.path,
                expected="down and up, with the same schema behind each",
                applicable=here,
                counted=False,
            )


def _went_back(gate: Gate, found: WentBack | None) -> record.Result:
    if gate.stage != "rehearsal":
        why = "a way back is tried on a throw-away database only"
        return record.NotChecked(why, "not-applicable")
    if found is None:
        return record.NotChecked(f"not run: {gate.seen.stopped or 'it did not run'}", "not-run")
    if found.fault is not None:
        return record.Errored(found.fault.place, found.fault.sqlstate, time_text(found.at))
    if found.not_tried:
        return record.NotChecked(found.not_tried, "not-tried")
    seen = record.Observation(
        text=f"{len(found.problems)} differences: {found.problems[0]}"
        if found.problems
        else f"taken back in {milliseconds(found.duration_ns)}; the schema is the same behind each",
        at=time_text(found.at),
        by="the schema compared",
        duration_ns=found.duration_ns,
        value=len(found.problems),
        details=found.problems,
    )
    return record.Failed(seen) if found.problems else record.Passed(seen)


def _check(gate: Gate, name: str, expected: str, result: record.Result) -> record.Check:
    return record.Check(
        id=f"{gate.project.host}::{name}",
        name=name,
        title=_TITLES[name],
        kind="rollback",
        phase="before",
        result=result,
        query_set=QUERY_SET,
        expected=expected,
        counted=False,
    )


_TITLES = {
    BACKUP: "A backup was taken",
    BACKUP_RESTORES: "The backup can be restored",
    BACKUP_FILE: "The backup is present and recent",
}


def _taken(found: WayBack, scrub: Callable[[str], str]) -> record.Result:
    backup = found.backup
    if backup is None:
        if found.not_run:
            return record.NotChecked(clip(scrub(found.not_run), TEXT_CHARACTERS), "not-run")
        if found.unproven:
            return record.NotChecked(clip(scrub(found.unproven), TEXT_CHARACTERS), "no-server")
        return record.Errored(clip(scrub(found.failed), TEXT_CHARACTERS), at=time_text(found.at))
    return record.Passed(
        record.Observation(
            text=f"{backup.size:,} bytes; what was written after {time_text(backup.taken)} "
            "is not in it",
            at=time_text(backup.taken),
            by=f"pg_dump {backup.tools.version}",
            duration_ns=backup.duration_ns,
            value=backup.size,
            unit="B",
            details=(str(backup.path), f"sha256 {backup.sha256}"),
        )
    )


def _restored(found: WayBack, scrub: Callable[[str], str]) -> record.Result:
    drill = found.restored
    if drill is None:
        why = found.unproven or found.not_run or "no backup was taken"
        reason = "not-run" if found.not_run else "not-restored"
        return record.NotChecked(clip(scrub(why), TEXT_CHARACTERS), reason)
    seen = record.Observation(
        text=_drilled(drill, found.backup),
        at=time_text(drill.at),
        by=drill.where,
        duration_ns=drill.duration_ns,
        value=len(drill.problems),
        details=tuple(
            clip(scrub(line), TEXT_CHARACTERS)
            for line in (
                *drill.problems,
                *(f"of {table} only the number of rows was compared" for table in drill.counted),
            )
        ),
    )
    return record.Failed(seen) if drill.problems else record.Passed(seen)


def _drilled(drill: Drill, backup: Backup | None) -> str:
    times = (
        f"restored in {milliseconds(drill.restored_ns)} into {drill.where}, "
        f"compared in {milliseconds(drill.compared_ns)}"
    )
    if drill.problems:
        count = f"{len(drill.problems):,} differences" if drill.problems[1:] else "1 difference"
        return f"{count}: {drill.problems[0]}; {times}"
    objects = len(backup.content.schema.objects) if backup else 0
    return (
        f"{times}: equal in {objects:,} objects of the schema, the rows of "
        f"{drill.tables + len(drill.counted):,} tables, sequences and large objects"
    )


def _file(found: WayBack, scrub: Callable[[str], str]) -> record.Result:
    file = found.file
    age = found.file_age_ns
    if file is None or file.problem or file.created is None or age is None:
        why = file.problem if file is not None else "no file was looked at"
        return record.Errored(clip(scrub(why), TEXT_CHARACTERS), at=time_text(found.at))
    seen = record.Observation(
        text=f"{_age(age)} old ({time_text(file.created)}, as {file.told_by} says), "
        f"{file.size:,} bytes; what was written since is not in it",
        at=time_text(found.at),
        by=file.told_by,
        value=age / 1e6,
        unit="ms",
        details=(file.path,),
    )
    fine = age <= found.file_max_age_ns
    return record.Passed(seen) if fine else record.Failed(seen)


def way_back_metrics(found: WayBack | None) -> Iterator[record.Metric]:
    """The figures `backup.age`, `drill` and `recovery`, each only where it was measured."""
    if found is None:
        return
    age = found.file_age_ns
    if found.backup is not None:
        age = max(0, int((found.at - found.backup.taken).total_seconds() * 1e9))
    if age is not None:
        yield _metric("backup.age", "Age of the backup", age, time_text(found.at), "its time")
    for name, title, drill in (
        ("drill", "Time to restore the backup into a throw-away server", found.drill),
        ("recovery", "Time to restore the backup into a database of yours", found.recovery),
    ):
        if drill is not None and not drill.problems:
            yield _metric(name, title, drill.duration_ns, time_text(drill.at), drill.where)


def _metric(name: str, title: str, nanoseconds: int, at: str, by: str) -> record.Metric:
    seen = record.Observation(
        text=milliseconds(nanoseconds), at=at, by=by, value=nanoseconds / 1e6, unit="ms"
    )
    return record.Metric(name=name, title=title, before=seen)


def backup_record(found: WayBack | None) -> record.Backup | None:
    """The backup, for whoever needs it."""
    backup = found.backup if found is not None else None
    if backup is None:
        return None
    return record.Backup(
        path=str(backup.path),
        bytes=backup.size,
        sha256=backup.sha256,
        taken=time_text(backup.taken),
        database=backup.source.database,
        server_version=backup.source.server_version,
        tool=f"pg_dump {backup.tools.version}",
        schema_sha256=backup.content.schema.digest,
        rows_sha256=backup.content.rows.digest,
    )


def _age(nanoseconds: int) -> str:
    minutes = nanoseconds / _MINUTE_NS
    return f"{minutes:,.0f} min" if minutes >= 1 else f"{nanoseconds / 1e9:.0f} s"
