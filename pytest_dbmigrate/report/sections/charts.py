"""Places on an axis, as percentages that SVG takes; each bar says in words what it draws."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it starts and how long it is, in percent of the axis."""

    start: str
    width: str
    end: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis with its label."""

    at: str
    label: str
    anchor: str


def bar(start: float, length: float, axis: float) -> Bar:
    """A bar from `start` on an axis of the given length, kept inside it."""
    if axis <= 0:
        return Bar("0%", "0%", "0%")
    left = min(max(start / axis, 0.0), 1.0)
    right = min(max((start + length) / axis, left), 1.0)
    return Bar(percent(left), percent(right - left), percent(right))


def percent(share: float) -> str:
    """A share of the axis: `12.5%`."""
    return f"{share * 100:.3f}".rstrip("0").rstrip(".") + "%"


def tick(share: float, label: str) -> Tick:
    """A label at a share of the axis, anchored so that it stays inside."""
    anchor = "start" if share < 0.05 else "end" if share > 0.95 else "middle"
    return Tick(percent(share), label, anchor)
