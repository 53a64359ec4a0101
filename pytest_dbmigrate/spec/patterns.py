"""Regular expressions with possessive quantifiers, which mean the same on every Python 3.11.

CPython before 3.11.5 matches possessive groups wrongly: it goes on from where an attempt that
failed had come to (https://github.com/python/cpython/issues/106052). Debian 12 has 3.11.2.
"""

from __future__ import annotations

import re
import sys

POSSESSIVE_IS_RIGHT = sys.version_info >= (3, 11, 5)

_PART = re.compile(
    r"""(?P<open>\((?:\?(?:P<\w+>|[:=!>]|<[=!]))?)
    |(?P<close>\))
    |(?P<atom>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^*+?{])
    |(?P<quantifier>[*+?]|\{\d*,?\d*\})(?P<mode>[+?]?)
    |(?P<brace>\{)""",
    re.VERBOSE | re.DOTALL,
)


def compiled(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Compile a pattern, written with atomic groups where possessive quantifiers are not right."""
    return re.compile(pattern if POSSESSIVE_IS_RIGHT else with_atomic_groups(pattern), flags)


def with_atomic_groups(pattern: str) -> str:
    """The pattern with each possessive `X*+` written as `(?>X*)`, which is its definition.

    Comments of re.VERBOSE are not understood.
    """
    groups: list[list[str]] = [[]]
    for part in _PART.finditer(pattern):
        if part["open"]:
            groups.append([part["open"]])
        elif part["close"]:
            group = "".join(groups.pop()) + ")"
            groups[-1].append(group)
        elif part["quantifier"]:
            repeated = f"{groups[-1].pop()}{part['quantifier']}"
            atomic = part["mode"] == "+"
            groups[-1].append(f"(?>{repeated})" if atomic else repeated + part["mode"])
        else:
            groups[-1].append(part[0])
    return "".join(groups[0])
