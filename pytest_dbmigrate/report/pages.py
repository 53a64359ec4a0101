"""The pages of a run: drawn from evidence and signatures, written, and compared with them."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from pytest_dbmigrate.evidence.decision import Decision, Reason, decide
from pytest_dbmigrate.evidence.folder import FolderError, RunFolder
from pytest_dbmigrate.evidence.record import encode
from pytest_dbmigrate.report.html import render_page
from pytest_dbmigrate.report.markdown import render_markdown
from pytest_dbmigrate.report.view import report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_dbmigrate.evidence.decision import Signature
    from pytest_dbmigrate.evidence.record import Evidence

_STEM = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_. -]{0,98}[A-Za-z0-9_-])?")


def page_decision(evidence: Evidence, signatures: Sequence[Signature] = ()) -> Decision:
    """The decision the pages show: that of the stage, and of the sign-off once somebody signed."""
    return decide(evidence, sign_off=bool(signatures), signatures=signatures)


def draw_pages(evidence: Evidence, signatures: Sequence[Signature] = ()) -> dict[str, bytes]:
    """The pages by file name. The same evidence and signatures give the same bytes.

    Raises FolderError when the record's report name is no plain file name.
    """
    name = evidence.run.report_name
    if not _STEM.fullmatch(name):
        raise FolderError(f"the record's report name {name!r} is not a plain file name")
    decision = page_decision(evidence, signatures)
    digest = hashlib.sha256(encode(evidence)).hexdigest()
    view = report(evidence, decision, signatures, digest)
    html, markdown = render_page(view), render_markdown(view)
    return {f"{name}.html": html.encode(), f"{name}.md": markdown.encode()}


def other_pages(folder: Path, evidence: Evidence) -> tuple[str, ...]:
    """Pages in a run's folder that are not the run's: nobody signed what they say."""
    stem = evidence.run.report_name
    own = {f"{stem}.html", f"{stem}.md"}
    like_pages = {".html", ".htm", ".md", ".pdf"}
    found = (p.name for p in folder.iterdir() if p.suffix.lower() in like_pages)
    return tuple(sorted(name for name in found if name not in own))


def write_pages(
    folder: Path, evidence: Evidence, signatures: Sequence[Signature] = ()
) -> tuple[Path, ...]:
    """Draw the pages and put each into the run's folder, atomically. Raises FolderError."""
    pages = draw_pages(evidence, signatures)
    return tuple(RunFolder(folder).write(name, data) for name, data in pages.items())


def page_problems(
    folder: Path, evidence: Evidence, signatures: Sequence[Signature] = ()
) -> tuple[Reason, ...]:
    """Pages that are missing, or are not byte for byte what evidence and signatures give now."""
    problems = []
    for name, data in draw_pages(evidence, signatures).items():
        try:
            found = (folder / name).read_bytes()
        except OSError as error:
            problems.append(f"{name} cannot be read: {error.strerror}")
            continue
        if found != data:
            crlf = found.replace(b"\r\n", b"\n") == data
            why = "its line ends were converted (CRLF)" if crlf else "edited, or out of date"
            problems.append(f"{name} is not what evidence and signatures give: {why}")
    todo = "do not read it; `pytest-dbmigrate render RUN` draws it again"
    return tuple(Reason("REFUSED", problem, todo) for problem in problems)
