"""Durations and limits as a plan writes them: `500 ms`, `< 15 min`, `between 1 and 9`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

# Factor to the base unit of its kind: nanoseconds, bytes.
DURATIONS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "min": 60_000_000_000,
    "h": 3_600_000_000_000,
}
# PostgreSQL's units of memory: multiples of 1024 (documentation, "Parameter Names and Values").
SIZES = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_UNIT = r"\s*([A-Za-z%]*)"
_COMPARISON = re.compile(rf"(<=|>=|==|=|<|>|)\s*{_NUMBER}{_UNIT}", re.ASCII)
_BETWEEN = re.compile(rf"between\s+{_NUMBER}{_UNIT}\s+and\s+{_NUMBER}{_UNIT}", re.ASCII)
_GRAMMAR = (
    'a limit is 0, "< 500 ms", ">= 12" or "between 40 and 45" (units: ms, s, min, h, kB, MB, GB)'
)

Operator = Literal["=", "<", "<=", ">", ">=", "between"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A comparison with a number; `unit` is empty for a plain number. `upper` ends a `between`."""

    operator: Operator
    value: Decimal
    unit: str = ""
    upper: Decimal | None = None

    def __str__(self) -> str:
        """Render as a plan writes it."""
        unit = f" {self.unit}" if self.unit else ""
        if self.operator == "between":
            return f"between {self.value} and {self.upper}{unit}"
        prefix = "" if self.operator == "=" else f"{self.operator} "
        return f"{prefix}{self.value}{unit}"

    def comparable(self, unit: str) -> bool:
        """Whether a figure in `unit` can be compared with this limit."""
        return _kind(unit) == _kind(self.unit)

    def bound(self, unit: str) -> float | None:
        """Its upper bound as a number in `unit`; None where nothing is bounded from above.

        Raises ValueError when the units cannot be compared.
        """
        if not self.comparable(unit):
            raise ValueError(f"a figure in {unit or 'plain numbers'} and a limit of {self}")
        if self.operator in {">", ">="}:
            return None
        upper = self.value if self.upper is None else self.upper
        return float(upper * _factor(self.unit) / _factor(unit))

    def holds(self, value: float, unit: str) -> bool:
        """Whether a figure keeps the limit. Raises ValueError when the units cannot be compared."""
        if not self.comparable(unit):
            raise ValueError(f"a figure in {unit or 'plain numbers'} and a limit of {self}")
        # repr is the shortest decimal that is this float: 499.9 is not 499.8999999999999772626.
        seen = Decimal(repr(value)) * _factor(unit)
        bound = self.value * _factor(self.unit)
        match self.operator:
            case "=":
                return seen == bound
            case "<":
                return seen < bound
            case "<=":
                return seen <= bound
            case ">":
                return seen > bound
            case ">=":
                return seen >= bound
            case "between":
                upper = self.value if self.upper is None else self.upper
                return bound <= seen <= upper * _factor(self.unit)


def read_limit(written: str | int) -> Limit:
    """Read a limit. Raises ValueError with the grammar when it is not one."""
    text = str(written).strip()
    if match := _BETWEEN.fullmatch(text):
        low, low_unit, high, high_unit = match.groups()
        unit = _unit(high_unit)
        if low_unit and _unit(low_unit) != unit:
            raise ValueError(f'"{text}" has two units; {_GRAMMAR}')
        if Decimal(low) > Decimal(high):
            raise ValueError(f'"{text}" is an empty range')
        return Limit("between", Decimal(low), unit, Decimal(high))
    if match := _COMPARISON.fullmatch(text):
        operator = {"": "=", "==": "="}.get(match[1], match[1])
        return Limit(operator, Decimal(match[2]), _unit(match[3]))  # type: ignore[arg-type]  # the pattern admits only Operators
    raise ValueError(f'"{text}" is not a limit; {_GRAMMAR}')


def at_most(duration_ns: int) -> Limit:
    """The limit `<= duration`, in the largest unit that divides it."""
    unit, factor = next(
        (unit, factor) for unit, factor in reversed(DURATIONS.items()) if duration_ns % factor == 0
    )
    return Limit("<=", Decimal(duration_ns // factor), unit)


def read_duration(text: str) -> int:
    """Read `500 ms` or `2 h` as nanoseconds. Raises ValueError when it is not one, or is 0."""
    match = re.fullmatch(rf"(\d+(?:\.\d+)?){_UNIT}", text.strip(), re.ASCII)
    unit = _ALIASES.get(match[2], match[2]) if match else ""
    if not match or unit not in DURATIONS:
        raise ValueError(f'"{text}" is not a duration (units: {", ".join(DURATIONS)})')
    duration = int(Decimal(match[1]) * DURATIONS[unit])
    if duration == 0:
        raise ValueError(f'"{text}" is no time at all')
    return duration


_ALIASES = {"minutes": "min", "seconds": "s", "hours": "h", "hour": "h", "KB": "kB"}


def _unit(written: str) -> str:
    unit = _ALIASES.get(written, written)
    if unit and unit != "%" and unit not in DURATIONS and unit not in SIZES:
        raise ValueError(f'unknown unit "{written}"; {_GRAMMAR}')
    return unit


def _kind(unit: str) -> str:
    if unit in DURATIONS:
        return "duration"
    return "size" if unit in SIZES else unit


def _factor(unit: str) -> int:
    return DURATIONS.get(unit) or SIZES.get(unit) or 1
