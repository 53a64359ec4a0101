"""`pytest-dbmigrate sign | verify | render | restore`: what happens after the run."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pytest_dbmigrate import __version__
from pytest_dbmigrate.evidence.allowed_signers import FILE_NAME, find_signers
from pytest_dbmigrate.evidence.authority import load_authority
from pytest_dbmigrate.evidence.decision import last_line, undecided
from pytest_dbmigrate.evidence.examination import byte_problems, examine
from pytest_dbmigrate.evidence.folder import SIGNATURES, FolderError, LoadedRun, load_run
from pytest_dbmigrate.evidence.signatures import Statement, read_signatures, role_objection
from pytest_dbmigrate.evidence.signing import (
    CannotSignError,
    alone,
    choose_key,
    choose_person,
    keep,
    reasons_against_go,
    sign,
)
from pytest_dbmigrate.evidence.ssh_keygen import SshKeygenError
from pytest_dbmigrate.postgres.binaries import ServerError
from pytest_dbmigrate.postgres.url import TargetError, parse_url
from pytest_dbmigrate.report import text
from pytest_dbmigrate.report.pages import other_pages, page_problems, write_pages
from pytest_dbmigrate.report.signed import reason_lines, run_lines, signature_lines, statement_lines
from pytest_dbmigrate.spec.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_dbmigrate.evidence.authority import Authority

DONE, NO_GO, WRONG_USE = 0, 1, 4
_LONGEST = 8_000  # characters of one line or message
_ROOT = Path("dbmigrate-report")
_DESCRIPTION = """\
What happens after a run of pytest-dbmigrate: roles sign its evidence, and anybody verifies it.

RUN is a run's folder, that folder's name, or `latest`. Which key may sign as which role stands in
allowed_signers, a committed file beside the plan; it is never read from the run's folder.
"""
_SIGN = """\
Sign a run's evidence as a role of the plan, with an SSH key, after reading its page.

The statement (digest of the evidence, role, person, decision, waivers, comment, time) and its
signature are put into RUN/signatures/, and the pages are drawn again. What would not verify is
refused before anything is written. Without --key the first key in ~/.ssh that may sign as the role
is used; a .pub file given with --key signs through ssh-agent.
"""
_VERIFY = """\
Verify a run: evidence, pages and signatures, against allowed_signers and the plan of this checkout.

Everything is computed again and nothing in the run's folder is believed. Exits with 0 only on GO:
the run is GO, each role of the plan has signed this very evidence, and nothing was edited.
"""
_RENDER = """\
Draw a run's pages again from its evidence and signatures, as after collecting signatures that
others made elsewhere (copy the two files of each into RUN/signatures/ first).
"""

_RESTORE = """\
Print the exact commands of the way back from a run that took a backup (--dbmigrate-backup): for the
whole database, which is restored beside the present one, or with --only-dropped for the tables that
the migrations dropped. Nothing is carried out, and nothing is guessed: another file than the one
that was proven, or a table that exists again, is refused.

With --verify the restored database is compared with what was backed up, schema and rows, and the
project's before-checks are run on it; exits with 0 only when it is as it was.
"""


class _Parser(argparse.ArgumentParser):
    """Wrong use is 4, as with pytest; 2 would be an interrupted test run."""

    def error(self, message: str) -> NoReturn:
        """Print how to use it and what is wrong, and leave."""
        self.print_usage(sys.stderr)
        self.exit(WRONG_USE, f"{self.prog}: error: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 when it is GO or done, 1 on NO-GO, 4 on wrong use."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.command(arguments)
    except (
        CannotSignError,
        FolderError,
        ServerError,
        SpecError,
        SshKeygenError,
        TargetError,
    ) as error:
        _complain(str(error))
        if arguments.command is not _verify:
            return WRONG_USE
        # Whoever reads only the last line or the status must not take this for anything but NO-GO.
        _show([last_line(undecided(str(error).splitlines()[0]))])
        return NO_GO
    except BaseException:
        if arguments.command is _verify:
            _show([last_line(undecided("verify did not come to its end"))])
        raise
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="pytest-dbmigrate",
        description=_DESCRIPTION,
        epilog="Exit status: 0 GO (sign, render: done), 1 NO-GO, 4 wrong use, nothing was done.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pytest-dbmigrate {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: object, short: str, long: str) -> argparse.ArgumentParser:
        made = commands.add_parser(
            name,
            help=short,
            description=long,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        made.set_defaults(command=run)
        made.add_argument("run", metavar="RUN", help="a run's folder, its name, or `latest`")
        made.add_argument(
            "--allowed-signers",
            type=Path,
            metavar="FILE",
            help=f"who may sign as which role (default: {FILE_NAME} beside the project's plan)",
        )
        made.add_argument(
            "--revoked-keys",
            type=Path,
            metavar="FILE",
            help="keys that no longer count: public keys, one a line, or a KRL (default: "
            "revoked_keys beside allowed_signers, where there is one)",
        )
        made.add_argument(
            "--plan",
            type=Path,
            metavar="FILE",
            help="the plan in force (default: plan.toml beside allowed_signers)",
        )
        return made

    signing = command("sign", _sign, "sign a run as a role", _SIGN)
    signing.add_argument("--role", required=True, help="the role, by its name in the plan")
    signing.add_argument(
        "--decision", required=True, choices=("GO", "NO-GO"), help="what you decide"
    )
    signing.add_argument(
        "--waive",
        action="extend",
        nargs="+",
        default=[],
        metavar="CRITERION",
        help="accept by name that a required criterion reads NOT CHECKED; never a failed one",
    )
    signing.add_argument("--comment", default="", help="words that stand in the report")
    signing.add_argument(
        "--key", type=Path, metavar="PATH", help="your private key, or a .pub file"
    )
    signing.add_argument(
        "--person", metavar="EMAIL", help="who you are, when your key stands for several people"
    )
    command("verify", _verify, "verify a run; 0 only on GO", _VERIFY)
    command("render", _render, "draw a run's pages again", _RENDER)
    restoring = command("restore", _restore, "the commands of the way back", _RESTORE)
    restoring.add_argument(
        "--only-dropped", action="store_true", help="only the tables that were dropped"
    )
    restoring.add_argument(
        "--into", metavar="URL", help="with --only-dropped: the database that lacks them"
    )
    restoring.add_argument(
        "--verify", metavar="URL", help="compare a restored database with what was backed up"
    )
    restoring.add_argument("--root", default="", metavar="DIR", help="the project's folder")
    restoring.add_argument(
        "--pg-bindir", default="", metavar="DIR", help="the folder of a pg_restore"
    )
    return parser


def _open(arguments: argparse.Namespace) -> tuple[LoadedRun, Authority]:
    """The run, and what it is judged by."""
    run = load_run(arguments.run, _ROOT)
    signers = arguments.allowed_signers or find_signers(Path.cwd())
    authority = load_authority(
        signers,
        run_folder=run.path,
        plan=arguments.plan,
        revoked=arguments.revoked_keys,
        named=arguments.allowed_signers is not None,
    )
    return run, authority


def _sign(arguments: argparse.Namespace) -> int:
    run, authority = _open(arguments)
    _refuse_edited(run)
    unknown = role_objection(arguments.role, run.evidence)
    if unknown:
        raise CannotSignError(unknown)
    with alone(run.path):
        signatures = read_signatures(run, authority.signers)
        edited = page_problems(run.path, run.evidence, signatures)
    for problem in edited:
        raise CannotSignError(
            f"{problem.title}.\n  Draw it with `pytest-dbmigrate render {arguments.run}`, read it "
            "again, and then sign."
        )
    if arguments.decision == "GO":
        against = reasons_against_go(run, authority)
        if against:
            _show(reason_lines(against))
            raise CannotSignError("this run cannot become GO; sign NO-GO, or repair and rehearse")
    key = arguments.key or choose_key(authority.signers, arguments.role, Path.home() / ".ssh")
    now = datetime.now(UTC)
    statement = Statement(
        statement="pytest-dbmigrate/signoff/v1",
        evidence_sha256=run.sha256,
        run=run.evidence.run.id,
        role=arguments.role,
        person=choose_person(authority.signers, arguments.role, key, arguments.person),
        decision=arguments.decision,
        signed_at=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        waived=tuple(sorted(set(arguments.waive))),
        comment=arguments.comment,
    )
    if arguments.decision == "GO":
        _show(statement_lines(run, arguments.role))
    signature = sign(run, statement, key=key, signers=authority.signers, now=now, say=_complain)
    with alone(run.path):
        path = keep(run, statement, signature)
        signatures = read_signatures(run, authority.signers)
        pages = write_pages(run.path, run.evidence, signatures)
    _show([*run_lines(run), *signature_lines(run, signatures)])
    _show([f"wrote       {path}", *(f"drew        {page}" for page in pages)])
    return DONE


def _verify(arguments: argparse.Namespace) -> int:
    run, authority = _open(arguments)
    signatures = read_signatures(run, authority.signers)
    edited = page_problems(run.path, run.evidence, signatures)
    found = examine(run, authority, signatures, edited)
    _show([*run_lines(run), f"signers     {authority.signers.path}", *_notes(run, authority)])
    _show([*signature_lines(run, signatures), *reason_lines(found.decision)])
    _show([last_line(found.decision)])
    return DONE if found.decision.go else NO_GO


def _render(arguments: argparse.Namespace) -> int:
    run = load_run(arguments.run, _ROOT)
    _refuse_edited(run)
    # Nobody has signed: then nothing needs to say who may.
    signed = (run.path / SIGNATURES).exists()
    signers = _open(arguments)[1].signers if signed else None
    with alone(run.path):
        signatures = read_signatures(run, signers) if signers else ()
        pages = write_pages(run.path, run.evidence, signatures)
    _show([f"drew        {page}" for page in pages])
    return DONE


def _restore(arguments: argparse.Namespace) -> int:
    from pytest_dbmigrate.restored import verify_restored  # noqa: PLC0415  (import time)
    from pytest_dbmigrate.restoring import (  # noqa: PLC0415
        CannotRestoreError,
        only_dropped,
        whole,
    )

    run = load_run(arguments.run, _ROOT)
    _refuse_edited(run)
    if arguments.verify:
        found = verify_restored(run, parse_url(arguments.verify), arguments.root)
        _show([*run_lines(run), *found.lines])
        _show(["the database is as it was" if found.same else "the database is NOT as it was"])
        return DONE if found.same else NO_GO
    if not arguments.only_dropped:
        _show(whole(run))
    elif arguments.into:
        _show(only_dropped(run, parse_url(arguments.into), arguments.pg_bindir))
    else:
        raise CannotRestoreError(
            "--only-dropped needs --into=URL, to see that the tables are still gone there"
        )
    return DONE


def _notes(run: LoadedRun, authority: Authority) -> list[str]:
    others = [f"{name} is not a page of this run" for name in other_pages(run.path, run.evidence)]
    return [f"note        {note}" for note in (*authority.notes, *others)]


def _refuse_edited(run: LoadedRun) -> None:
    for problem in byte_problems(run):
        raise FolderError(f"{run.path}: {problem}")


def _show(lines: Sequence[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{text.line(line, _LONGEST)}\n")
    sys.stdout.flush()  # before anything that goes to stderr


def _complain(message: str) -> None:
    sys.stderr.write(f"pytest-dbmigrate: {text.block(message, _LONGEST)}\n")


if __name__ == "__main__":
    raise SystemExit(main())
