"""Numbers and bounds as people write them: `43`, `1,234`, `at least 3`, `2-4`, `no`, `three`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from pytest_dbmigrate.spec.expect.comparison import Condition, Operator, equals, number
from pytest_dbmigrate.spec.expect.row_count import RowCount

_WORDS = {
    "no": 0, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10,
}  # fmt: skip
_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,18})(?:\.\d{1,18})?(?![\d%])"
_WORD = rf"(?:{'|'.join(_WORDS)})\b"
_NUMBER = rf"(?:{_DIGITS}|{_WORD})"
_SIGNED = rf"(?:-\s?{_DIGITS}|{_NUMBER})"
_BOUNDS: dict[str, Operator] = {
    "at least": ">=", "no fewer than": ">=", "no less than": ">=", "minimum of": ">=",
    "at most": "<=", "no more than": "<=", "maximum of": "<=",
    "more than": ">", "greater than": ">", "fewer than": "<", "less than": "<",
    ">=": ">=", "≥": ">=", "<=": "<=", "≤": "<=", ">": ">", "<": "<",
}  # fmt: skip
_QUANTITY = re.compile(
    rf"""(?:
        between\s+(?P<low>{_NUMBER})\s+and\s+(?P<high>{_NUMBER})
        |(?P<first>{_DIGITS})\s?(?:-|\u2013|—|\.\.|\sto\s)\s?(?P<last>{_DIGITS})
        |(?P<bound>{"|".join(re.escape(b).replace(chr(92) + " ", chr(92) + "s+") for b in _BOUNDS)})
            \s*(?P<limit>{_SIGNED})
        |(?P<least>{_NUMBER})(?:\s?\+|\s+or\s+more\b)
        |(?:exactly\s+|only\s+|=\s*)?(?P<exact>{_SIGNED})
        |(?:an?\s+|exactly\s+)?(?P<single>single)\b
    )(?![\w$€£])""",
    re.VERBOSE | re.IGNORECASE,
)
ANY_NUMBER = re.compile(
    rf"(?<![\w.]){_DIGITS}(?!\w)|\b(?:{'|'.join(list(_WORDS)[1:])})\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or a bound on one; `end` is where it ends in the clause.

    `is_range`: two numbers with a dash, which means a range only with a word behind it.
    `word`: written as a word (`no`, `three`), which is a count only with a word behind it.
    `negation`: the word is `no`, and "no duplicate names" says what may not be, not how many rows.
    """

    operator: Operator
    low: Decimal
    high: Decimal | None
    end: int
    is_range: bool = False
    word: bool = False
    negation: bool = False

    @property
    def is_zero(self) -> bool:
        """Exactly nothing."""
        return self.operator == "=" and self.low == 0

    @property
    def is_count(self) -> bool:
        """Whether it can be a number of rows: whole and not negative."""
        numbers = [self.low] if self.high is None else [self.low, self.high]
        return all(n == n.to_integral_value() and n >= 0 for n in numbers)

    def holds(self, value: int) -> bool:
        """Whether a number of rows meets it."""
        if self.operator == "between":
            return self.high is not None and self.low <= value <= self.high
        return {
            "=": value == self.low,
            ">=": value >= self.low,
            ">": value > self.low,
            "<=": value <= self.low,
            "<": value < self.low,
        }[self.operator]

    def condition(self) -> Condition:
        """The same as a condition on one value."""
        low = number(format(self.low, "f"))
        if self.high is not None:
            return Condition("between", low, number(format(self.high, "f")))
        return equals(low) if self.operator == "=" else Condition(self.operator, low)

    def rows(self) -> RowCount:
        """The same as a number of rows; only when `is_count`."""
        if self.high is not None:
            return RowCount("..", int(self.low), int(self.high))
        if self.operator in {"=", ">=", ">", "<=", "<"}:
            return RowCount(self.operator, int(self.low))
        raise ValueError(self.operator)


def read_quantity(clause: str) -> Quantity | None:
    """The quantity at the start of a clause, None when there is none."""
    match = _QUANTITY.match(clause)
    if match is None:
        return None
    if match["low"]:
        low, high = _value(match["low"]), _value(match["high"])
        return Quantity("between", low, high, match.end()) if low <= high else None
    if match["first"]:
        low, high = _value(match["first"]), _value(match["last"])
        found = Quantity("between", low, high, match.end(), is_range=True)
        return found if low < high else None
    if match["bound"]:
        bound = re.sub(r"\s+", " ", match["bound"].lower())
        return Quantity(_BOUNDS[bound], _value(match["limit"]), None, match.end())
    if match["least"]:
        return Quantity(">=", _value(match["least"]), None, match.end())
    if match["single"]:
        return Quantity("=", Decimal(1), None, match.end(), word=True)
    written = match["exact"]
    word = written.lower() in _WORDS
    no = written.lower() == "no"
    return Quantity("=", _value(written), None, match.end(), word=word, negation=no)


def _value(written: str) -> Decimal:
    word = _WORDS.get(written.lower())
    return Decimal(word) if word is not None else Decimal(written.replace(",", "").replace(" ", ""))


def numbers_in(text: str) -> list[Decimal]:
    """All numbers in a text, in digits or words from one to ten."""
    return [_value(m[0]) for m in ANY_NUMBER.finditer(text)]
