"""The monitoring window as Markdown: the numbers of its charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_dbmigrate.report.gfm import escape, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.report.view import Report


def window_lines(view: Report) -> Iterator[str]:
    """The section of a monitoring run; nothing for any other."""
    seen = view.window
    if seen is None:
        return
    yield from ("## Monitoring window", "", escape(seen.said), "")
    if seen.blinds:
        yield from (*(f"- {escape(blind)}" for blind in seen.blinds), "")
    if seen.anomalies:
        yield from ("### Anomalies", "")
        yield from table(
            ("When", "What", "Observed", "How long"),
            (
                (escape(a.at), escape(a.title), escape(a.observed), escape(a.until))
                for a in seen.anomalies
            ),
        )
        if seen.anomalies_left_out:
            yield from (seen.anomalies_left_out, "")
    if seen.charts:
        yield from ("### Figures over time", "")
        yield from table(
            ("Figure", "Before", "Lowest", "Highest", "At the end", "Limit"),
            (
                (escape(c.title), c.before, c.low, c.high, f"**{escape(c.last)}**", escape(c.limit))
                for c in seen.charts
            ),
        )
