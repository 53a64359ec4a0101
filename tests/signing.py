"""What tests of signatures need: people with keys, who may sign, and a small recorded run."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from pytest_dbmigrate.evidence import signatures, ssh_keygen
from pytest_dbmigrate.evidence.allowed_signers import NAMESPACE, read_signers
from pytest_dbmigrate.evidence.folder import LoadedRun, load_run
from pytest_dbmigrate.evidence.record import (
    SCHEMA,
    Criterion,
    Evidence,
    File,
    MigrationRun,
    NotChecked,
    Observation,
    Passed,
    Role,
    Run,
    Transaction,
    encode,
)

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_dbmigrate.evidence.sign_off import Signature

ROLE_OF = {"alice": "database-admin", "bob": "backend-lead", "carol": "devops"}
AS = {name: ["--role", role, "--decision", "GO"] for name, role in ROLE_OF.items()}
RUN_ID = "20240129T083000Z-rehearsal"
FINISHED = "2024-01-29T09:30:00.000Z"
SIGNED_AT = "2024-01-29T09:40:00.000Z"
NOW = datetime(2024, 1, 29, 10, 0, tzinfo=UTC)


def make_key(folder: Path, name: str, passphrase: str = "") -> Path:
    """A new ed25519 key of name@example.com."""
    command = ["-q", "-t", "ed25519", "-N", passphrase, "-C", mail(name), "-f", str(folder / name)]
    program = shutil.which("ssh-keygen") or "ssh-keygen"
    subprocess.run([program, *command], check=True)  # noqa: S603  # the test's own key
    return folder / name


def mail(name: str) -> str:
    """The principal of a person."""
    return f"{name}@example.com"


def public(key: Path) -> str:
    """Type and base64 of a key, as a line of allowed_signers ends."""
    return " ".join(key.with_name(key.name + ".pub").read_text().split()[:2])


def line(key: Path, *roles: str, options: str = "", person: str = "") -> str:
    """A line of allowed_signers: a key and the roles it may sign as."""
    spaces = ",".join(NAMESPACE + role for role in roles)
    more = f",{options}" if options else ""
    return f'{person or mail(key.name)} namespaces="{spaces}"{more} {public(key)}\n'


def rehearsal(**changes: object) -> Evidence:
    """A complete rehearsal: all that was measured passed, one criterion was not checked."""
    seen = Observation(text="43", at="2024-01-29T09:00:00.000Z", by="public_tables")
    recorded = Evidence(
        schema=SCHEMA,
        run=Run(
            id=RUN_ID,
            stage="rehearsal",
            started="2024-01-29T08:30:00.000Z",
            finished=FINISHED,
            operator="dan",
            complete=True,
            planned=1,
            selected=1,
            title="Week 1 Wednesday",
            report_name="WEEK_1_WEDNESDAY_REPORT",
        ),
        tools={"pytest-dbmigrate": "0.1.0"},
        transaction=Transaction(state="nothing written"),
        files=(
            File("migration", "sql/migrations/011_a.sql", 9, "a" * 64),
            File("verification", "sql/checks/verification.sql", 9, "b" * 64),
            File("plan", "sql/plan.toml", 9, "c" * 64),
        ),
        migrations=(
            MigrationRun("011", "a", "sql/migrations/011_a.sql", "a" * 64, outcome="committed"),
        ),
        criteria=(
            Criterion("tables", "Verification", "43 tables", "43", ("rehearsal",), Passed(seen)),
            Criterion(
                "recovery",
                "Timeline",
                "Recovery under 15 min",
                "< 15 min",
                ("rehearsal",),
                NotChecked("no drill ran"),
            ),
        ),
        roles=tuple(Role(name, name.title()) for name in ROLE_OF.values()),
    )
    return msgspec.structs.replace(recorded, **changes)


@dataclass
class Bundle:
    """A run's folder with its evidence, the keys of people, and who may sign."""

    folder: Path
    keys: Path
    allowed: Path

    def record(self, evidence: Evidence) -> None:
        """Write evidence.json."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "evidence.json").write_bytes(encode(evidence))

    @property
    def run(self) -> LoadedRun:
        """The run as it stands now."""
        return load_run(self.folder)

    def statement(self, name: str, **changes: object) -> signatures.Statement:
        """What a person would state with GO."""
        statement = signatures.Statement(
            statement="pytest-dbmigrate/signoff/v1",
            evidence_sha256=self.run.sha256,
            run=self.run.evidence.run.id,
            role=ROLE_OF.get(name, "devops"),
            person=mail(name),
            decision="GO",
            signed_at=SIGNED_AT,
        )
        return msgspec.structs.replace(statement, **changes)

    def forge(
        self, statement: signatures.Statement, *, key: str, namespace: str = "", file: str = ""
    ) -> Path:
        """Sign whatever statement with whatever key, as an enemy would, past all our refusals."""
        path = self.folder / "signatures" / (file or statement.file_name)
        path.parent.mkdir(exist_ok=True)
        data = signatures.encode(statement)
        path.write_bytes(data)
        path.with_name(path.name + ".sig").write_bytes(
            ssh_keygen.sign(
                data, key=self.keys / key, namespace=namespace or statement.namespace, say=print
            )
        )
        return path

    def read(self) -> tuple[Signature, ...]:
        """All signatures as verify sees them."""
        signers = read_signers(self.allowed)
        return signatures.read_signatures(self.run, signers, now=NOW)

    def why(self) -> str:
        """Why the only signature there is refused; empty when it is good."""
        (signature,) = self.read()
        return "" if signature.valid else signature.why
