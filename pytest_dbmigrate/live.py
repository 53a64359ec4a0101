"""What must not be combined with a database that people use, known before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_dbmigrate.run import Run


def refuse_workers(config: pytest.Config) -> None:
    """Several processes on one live database. Raises pytest.UsageError."""
    option = config.option
    if getattr(option, "numprocesses", None) or getattr(option, "tx", None):
        raise pytest.UsageError(
            "-n with --db-url: each worker would apply and verify for itself. Run without -n; "
            "a rehearsal (without --db-url) takes it"
        )


def refuse(config: pytest.Config, run: Run) -> None:
    """Options that would hold the transaction open or run it twice, and an incomplete selection.

    Raises pytest.UsageError.
    """
    option = config.option
    for name, given in (
        ("--pdb", option.usepdb),
        ("--trace", option.trace),
        ("--setup-plan", option.setupplan),  # sets the next one as well
        ("--setup-only", option.setuponly),
        ("--reruns", getattr(option, "reruns", 0)),
    ):
        if given:
            raise pytest.UsageError(
                f"{name} with --apply-migrations: the transaction would be held while somebody "
                "looks at it, or run twice. Leave it out; a rehearsal (without --db-url) takes it"
            )
    selected = set(run.selected)
    missing = [p for p in run.planned if p not in selected]
    if missing:
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise pytest.UsageError(
            f"--apply-migrations with an incomplete selection: {len(missing)} of "
            f"{len(run.planned)} planned items are missing ({some}). Nothing was sent. Leave out "
            "-k, -m, --lf and single ids, so that everything is verified before COMMIT"
        )
