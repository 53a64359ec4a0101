"""The run folder: `dbmigrate-report/<UTC>-<stage>-<id>/` with its evidence."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from pytest_dbmigrate.evidence.durable import sync_folder, write_atomically
from pytest_dbmigrate.evidence.record import (
    SCHEMA,
    Evidence,
    Record,
    Run,
    Stage,
    Time,
    Transaction,
    decode,
    encode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

EVIDENCE = "evidence.json"
RESOLUTION = "resolution.json"
SIGNATURES = "signatures"
LATEST = "latest"


class FolderError(Exception):
    """The report folder cannot be used; `str()` says which path, why, and what to do."""


class Resolution(Record, frozen=True):
    """What a later run found out about a COMMIT whose answer was lost."""

    state: Literal["committed", "unchanged"]
    at: Time
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """A run as it stands on disk: its folder, its record, and the digest of the record's bytes."""

    path: Path
    evidence: Evidence
    data: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of the run in progress. Only the run that created it writes its evidence."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id, such as 20260129T080003Z-rehearsal-7c1e: the folder's name."""
        return self.path.name

    @classmethod
    def create(
        cls,
        root: Path,
        stage: Stage,
        *,
        started: datetime,
        operator: str = "",
        command: str = "",
    ) -> RunFolder:
        """Make a new folder below `root` that holds an INCOMPLETE record, and point `latest` to it.

        `started` has a zone. Raises FolderError when anything of this cannot be written.
        """
        utc = started.astimezone(UTC)
        with _explained(root, "--dbmigrate-report=DIR puts the reports elsewhere"):
            root.mkdir(parents=True, exist_ok=True)
            folder = cls(_make_unique(root, f"{utc:%Y%m%dT%H%M%SZ}-{stage}"))
            sync_folder(root)
        folder.write_evidence(
            Evidence(
                schema=SCHEMA,
                run=Run(
                    id=folder.run_id,
                    stage=stage,
                    started=utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                    operator=operator,
                    command=command,
                    complete=False,
                    incomplete=("it did not end: killed, crashed or interrupted",),
                ),
                tools={},
                transaction=Transaction(state="nothing written"),
            )
        )
        with _explained(root / LATEST, "remove it; it is only a pointer"):
            _point(root / LATEST, folder.run_id)
        return folder

    def write(self, name: str, data: bytes) -> Path:
        """Write a page or another file of the run, atomically. Raises FolderError."""
        if name == EVIDENCE:
            raise ValueError("evidence is written by write_evidence, which guards it")
        path = self.path / name
        with _explained(path, "make room, or choose --dbmigrate-report=DIR"):
            write_atomically(path, data)
        return path

    def write_evidence(self, evidence: Evidence) -> Path:
        """Replace the run's own record, atomically.

        Raises FolderError when it cannot be written, and when it must not be: another run's record,
        a record that was signed, or one that would forget a COMMIT whose answer is not known.
        """
        path = self.path / EVIDENCE
        if evidence.run.id != self.run_id:
            raise FolderError(
                f"{path}: this is the evidence of {self.run_id}, not {evidence.run.id}"
            )
        if any((self.path / SIGNATURES).glob("*")):
            raise FolderError(f"{path}: it has been signed and stays as it is; start a new run")
        if path.exists():
            _refuse_to_forget(_read(path), evidence, path)
        with _explained(path, "make room, or choose --dbmigrate-report=DIR"):
            write_atomically(path, encode(evidence))
        return path


def find_unresolved(root: Path) -> tuple[LoadedRun, ...]:
    """The production runs below `root` whose COMMIT was sent and never answered, oldest first.

    Raises FolderError for a record that cannot be read: it may be one of them.
    """
    found = []
    for path in sorted(root.glob(f"*-production-*/{EVIDENCE}")):
        run = _read(path)
        if run.evidence.transaction.state == "unknown" and not _resolution(path.parent):
            found.append(run)
    return tuple(found)


def resolve(run: LoadedRun, resolution: Resolution) -> Path:
    """Write down what became of an unresolved COMMIT, beside the evidence, which stays as it is.

    Raises FolderError when it cannot be written or was resolved before.
    """
    path = run.path / RESOLUTION
    if path.exists():
        raise FolderError(f"{path}: this run was resolved before")
    with _explained(path, "make room"):
        data = msgspec.json.format(msgspec.json.encode(resolution, order="sorted"), indent=1)
        write_atomically(path, data + b"\n")
    return path


def load_run(name: str | Path, root: Path = Path("dbmigrate-report")) -> LoadedRun:
    """Load a run by its folder, its evidence.json, its id below `root`, or `latest`.

    Raises FolderError, which says where it looked.
    """
    given = Path(name)
    tried = []
    for candidate in (given, root / given):
        tried.append(str(candidate))
        path = _follow(candidate)
        if path.is_dir():
            path /= EVIDENCE
        if path.is_file():
            return _read(path)
    raise FolderError(
        f"no run {name}: looked for {' and '.join(dict.fromkeys(tried))} with {EVIDENCE} in it"
    )


def _make_unique(root: Path, stem: str) -> Path:
    while True:
        path = root / f"{stem}-{secrets.token_hex(2)}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def _point(latest: Path, run_id: str) -> None:
    """Point `latest` to the run: a symbolic link, or a text file where links are not possible."""
    beside = latest.with_name(f".{LATEST}.{secrets.token_hex(4)}.tmp")
    try:
        beside.symlink_to(run_id, target_is_directory=True)
    except (OSError, NotImplementedError):
        write_atomically(latest, f"{run_id}\n".encode())
        return
    try:
        beside.replace(latest)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _follow(path: Path) -> Path:
    """What `latest` points to when it is a text file; else the path itself."""
    if path.name == LATEST and path.is_file() and not path.is_symlink():
        text = path.read_text("utf-8", "replace").strip()
        if text and "/" not in text and "\\" not in text:
            return path.with_name(text)
    return path


def _read(path: Path) -> LoadedRun:
    try:
        data = path.read_bytes()
        evidence = decode(data)
    except (OSError, msgspec.DecodeError) as error:
        raise FolderError(f"{path} cannot be read as evidence: {error}") from None
    real = path.parent.resolve()
    return LoadedRun(real, evidence, data, hashlib.sha256(data).hexdigest())


def _resolution(folder: Path) -> Resolution | None:
    path = folder / RESOLUTION
    try:
        return msgspec.json.decode(path.read_bytes(), type=Resolution)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        raise FolderError(f"{path} cannot be read: {error}") from None


def _refuse_to_forget(run: LoadedRun, evidence: Evidence, path: Path) -> None:
    before, after = run.evidence.transaction, evidence.transaction
    if before.state == "unknown" and before.xid and after.xid != before.xid:
        raise FolderError(
            f"{path}: it records the COMMIT of {before.xid}, whose answer is not known; "
            f"a record of {after.xid or 'no transaction'} must not replace it"
        )
    if before.state == "unknown" and after.state == "nothing written":
        raise FolderError(f"{path}: a COMMIT was sent; the record cannot go back to before it")


def _typed(path: Path) -> Path:
    """The path as one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


@contextmanager
def _explained(path: Path, remedy: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FolderError(
            f"{_typed(path)} cannot be written: {error.strerror or error}. What to do: {remedy}."
        ) from None
