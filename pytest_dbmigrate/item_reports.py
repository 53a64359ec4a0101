"""What pytest reports of an item → what the record keeps of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_dbmigrate.evidence.reported import Reported

# pytest-rerunfailures says "rerun" as well: that attempt is not the last.
SAID = ("passed", "failed", "skipped")


def keep(reported: dict[str, Reported], report: pytest.TestReport) -> None:
    """Keep what pytest says of an item: its call, and a set-up or tear-down that did not pass."""
    from pytest_dbmigrate.evidence.reported import Reported, worse  # noqa: PLC0415  (import time)

    if (report.when != "call" and report.passed) or report.outcome not in SAID:
        return
    crash = getattr(report.longrepr, "reprcrash", None)
    if report.passed:
        words = ""
    elif isinstance(report.longrepr, tuple):  # a skip: file, line, reason
        words = report.longrepr[2]
    else:
        words = crash.message if crash is not None else report.longreprtext
    file, line, _name = report.location
    said = Reported(
        outcome=report.outcome,
        when=report.when or "",
        words=words.partition("\n")[0],
        at=datetime.fromtimestamp(report.stop, UTC),
        source=f"{file}:{line + 1}" if line is not None else file,
        duration_ns=int(report.duration * 1e9),
    )
    reported[report.nodeid] = worse(reported.get(report.nodeid), said)
