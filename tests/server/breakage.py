"""One way to break the migrated reference database (`sql/`), and the checks that must notice.

`sql` is run by a superuser in one transaction of its own, after 011 and 012. `caught_by` names
final checks of `sql/` (a parameter case by its check's name): each must not pass afterwards.
A ROLLBACK undoes all of it, a role's attributes included, which belong to the whole server.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Breakage:
    """One thing that can go wrong: its name, how to bring it about, who must notice."""

    name: str
    sql: str
    caught_by: frozenset[str]


def breakage(name: str, sql: str, *caught_by: str) -> Breakage:
    """A Breakage, written as it is read: what is wrong, how, noticed by which checks."""
    return Breakage(name, sql, frozenset(caught_by))
