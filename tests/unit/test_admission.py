"""A plan that forbids to run outside its window keeps a production run from beginning."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pytest_dbmigrate.admission import NotAdmittedError, refuse_outside_window
from pytest_dbmigrate.spec.plan import read_plan

PLAN = """\
title = "A day"

[schedule]
date = 2026-03-02
outside = "forbid"

[[schedule.phase]]
phase = "before"
title = "Preparation"
start = 08:00:00
duration = "2h"
"""


def test_when_the_window_is_over_then_the_run_is_not_admitted() -> None:
    """The words name the plan's line and both times."""
    plan = read_plan(PLAN, "plan.toml")
    with pytest.raises(NotAdmittedError, match=r"plan\.toml:\d+: it is .* outside the plan"):
        refuse_outside_window(plan, datetime(2026, 3, 2, 12, 0, tzinfo=UTC))


@pytest.mark.parametrize("text", [PLAN, PLAN.replace('"forbid"', '"say"')])
def test_when_it_is_inside_or_only_to_be_said_then_nothing_is_refused(text: str) -> None:
    """Inside the window nothing is in the way; nor outside, where the plan only wants it said."""
    plan = read_plan(text, "plan.toml")
    refuse_outside_window(plan, datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    if plan.schedule.outside == "say":
        refuse_outside_window(plan, datetime(2026, 3, 9, 9, 0, tzinfo=UTC))
    refuse_outside_window(None, datetime(2026, 3, 9, 9, 0, tzinfo=UTC))
