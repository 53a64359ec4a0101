"""Statements → the rights they need for certain, as PostgreSQL's documentation of each says.

What cannot be told from the text is left out: rights inside DO blocks and functions, objects that
the migration makes or drops itself, unqualified names after it has touched search_path, everything
after it changes its role, and extensions (hosted servers let roles make them in ways of their own).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_dbmigrate.spec.clauses import Clauses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_dbmigrate.spec.statements import Statement

Target = Literal["relation", "schema", "type", "database"]

_ON_TABLE = ("POLICY", "TRIGGER", "RULE")
_IN_SCHEMA = ("SEQUENCE", "TYPE", "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "COLLATION")
_ADJECTIVES = {
    *("GLOBAL", "LOCAL", "TEMPORARY", "TEMP", "UNLOGGED"),
    *("UNIQUE", "MATERIALIZED", "RECURSIVE", "CONSTRAINT"),
}
_NAME = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_WRITES = re.compile(
    r"(INSERT\s+INTO|UPDATE(?:\s+ONLY\b)?|DELETE\s+FROM(?:\s+ONLY\b)?)\s+"
    rf"({_NAME}(?:\.{_NAME})*)",
    re.IGNORECASE,
)
# SET ROLE, SET SESSION AUTHORIZATION, GRANT of a role, or a block that may do one of these.
_CHANGES_ROLE = re.compile(
    r"(?:SET|RESET)\s+(?:(?:LOCAL|SESSION)\s+)?(?:ROLE|AUTHORIZATION)\b"
    r"|GRANT\s+(?:(?!\bON\b).)*$"
    r"|(?:DO|SELECT|CALL)\b.*\b(?:ROLE|AUTHORIZATION)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Need:
    """A right on something that is named as in the statement.

    `right` is PostgreSQL's word for a privilege, `owner`, or `drop` (owner of it or of its schema).
    `name` is "" for the schema where unqualified names are made, and for the database.
    """

    right: str
    target: Target
    name: str = ""

    @property
    def by_path(self) -> bool:
        """Whether the search_path decides which object is meant."""
        unqualified = self.target in {"relation", "type"} and "." not in self.name
        return unqualified or self == CREATE_HERE


CREATE_HERE = Need("CREATE", "schema")
_CREATE_IN_DATABASE = Need("CREATE", "database")


def needs(statements: Iterable[Statement]) -> Iterator[tuple[Statement, Need]]:
    """What each statement of a run needs for certain, in order. Raises SpecError as `tokens`."""
    path_known = True
    own: set[str] = set()
    for statement in statements:
        if _CHANGES_ROLE.match(statement.text):
            return
        path_known = path_known and "search_path" not in statement.text.lower()
        found, made = _read(statement.text)
        for need in found:
            if (path_known or not need.by_path) and _last(need.name) not in own:
                yield statement, need
        own.update(made)


def _read(text: str) -> tuple[tuple[Need, ...], tuple[str, ...]]:
    """What one statement needs, and the bare names that it makes, drops or gives."""
    written = _WRITES.match(text)
    if written:
        # Not by its tokens: a file may have twenty thousand of these.
        return (Need(written[1].split()[0].upper(), "relation", written[2]),), ()
    reader = _READERS.get(text.split(None, 1)[0].upper())
    if reader is None:
        return (), ()
    clauses = Clauses(text)
    clauses.skip()
    made: list[str] = []
    found = tuple(reader(clauses, made))
    return found, tuple(_last(name) for name in made)


def _create(clauses: Clauses, made: list[str]) -> Iterator[Need]:
    replaced = clauses.accept("OR", "REPLACE")
    temporary = False
    while clauses.peek() in _ADJECTIVES:
        temporary = temporary or clauses.peek().startswith("TEMP")
        clauses.skip()
    kind = clauses.peek()
    clauses.skip()
    if kind in _ON_TABLE:
        yield from _on_table(clauses, "TRIGGER" if kind == "TRIGGER" else "owner")
    elif kind == "INDEX":
        clauses.accept("CONCURRENTLY")
        clauses.accept("IF", "NOT", "EXISTS")
        if clauses.peek() != "ON":
            made.append(clauses.name())
        yield from _on_table(clauses, "owner")
    elif kind == "SCHEMA":
        made.append(clauses.name())
        yield _CREATE_IN_DATABASE
    elif kind == "PUBLICATION":
        yield _CREATE_IN_DATABASE
    elif kind in {"TABLE", "VIEW"} or kind in _IN_SCHEMA:
        conditional = clauses.accept("IF", "NOT", "EXISTS")
        name = clauses.name()
        if not (conditional or replaced):
            made.append(name)
        if not temporary:
            yield _create_in(name)
            if kind == "TABLE":
                yield from _referenced(clauses, name)
            elif kind == "VIEW" and replaced:
                yield Need("owner", "relation", name)


def _alter(clauses: Clauses, made: list[str]) -> Iterator[Need]:
    kind = clauses.peek()
    clauses.skip()
    if kind in {"MATERIALIZED", "FOREIGN"} and clauses.peek() in {"VIEW", "TABLE"}:
        clauses.skip()
    if kind in _ON_TABLE:
        yield from _on_table(clauses, "owner")
        return
    clauses.accept("IF", "EXISTS")
    clauses.accept("ONLY")
    if kind in {"TABLE", "VIEW", "MATERIALIZED", "FOREIGN", "SEQUENCE", "INDEX"}:
        name = clauses.name()
        yield Need("owner", "relation", name)
        yield from _referenced(clauses, name, made)
    elif kind in {"TYPE", "DOMAIN"}:
        yield Need("owner", "type", clauses.name())
    elif kind == "SCHEMA":
        yield Need("owner", "schema", clauses.name())


def _drop(clauses: Clauses, made: list[str]) -> Iterator[Need]:
    kind = clauses.peek()
    clauses.skip()
    if kind in {"MATERIALIZED", "FOREIGN"} and clauses.peek() in {"VIEW", "TABLE"}:
        clauses.skip()
    if kind in _ON_TABLE:
        yield from _on_table(clauses, "owner")
        return
    clauses.accept("CONCURRENTLY")
    clauses.accept("IF", "EXISTS")
    target: Target
    match kind:
        case "TABLE" | "VIEW" | "MATERIALIZED" | "FOREIGN" | "SEQUENCE" | "INDEX":
            target = "relation"
        case "TYPE" | "DOMAIN":
            target = "type"
        case "SCHEMA":
            target = "schema"
        case _:
            return
    for name in clauses.names():
        made.append(name)
        yield Need("owner" if target == "schema" else "drop", target, name)


def _truncate(clauses: Clauses, _made: list[str]) -> Iterator[Need]:
    clauses.accept("TABLE")

    def one() -> str:
        clauses.accept("ONLY")
        name = clauses.name()
        clauses.accept("*")
        return name

    yield from (Need("TRUNCATE", "relation", name) for name in clauses.names(one))


def _comment(clauses: Clauses, _made: list[str]) -> Iterator[Need]:
    if clauses.accept("ON", "TABLE") or clauses.accept("ON", "VIEW"):
        yield Need("owner", "relation", clauses.name())
    elif clauses.accept("ON", "COLUMN"):
        yield Need("owner", "relation", clauses.name().rpartition(".")[0])


def _on_table(clauses: Clauses, right: str) -> Iterator[Need]:
    """What stands ON a table, or, for a rule's event, TO one."""
    while not clauses.done:
        if clauses.accept("ON") and clauses.peek() not in {"SELECT", "INSERT", "UPDATE", "DELETE"}:
            clauses.accept("ONLY")
            yield Need(right, "relation", clauses.name())
            return
        if clauses.accept("TO"):
            yield Need(right, "relation", clauses.name())
            return
        clauses.skip()


def _referenced(clauses: Clauses, name: str, made: list[str] | None = None) -> Iterator[Need]:
    """REFERENCES, PARTITION OF and INHERIT in the rest of CREATE TABLE or ALTER TABLE."""
    while not clauses.done:
        if clauses.accept("REFERENCES"):
            other = clauses.name()
            if other != name:
                yield Need("REFERENCES", "relation", other)
        elif clauses.accept("PARTITION", "OF"):
            yield Need("owner", "relation", clauses.name())
        elif clauses.accept("SET", "SCHEMA"):
            yield Need("CREATE", "schema", clauses.name())
        elif made is not None and clauses.accept("RENAME", "TO"):
            made += [clauses.name(), name]
        else:
            clauses.skip()


def _create_in(name: str) -> Need:
    schema = name.rpartition(".")[0]
    return Need("CREATE", "schema", schema) if schema else CREATE_HERE


def _last(name: str) -> str:
    """The last part of a dotted name, in one spelling."""
    part = re.findall(_NAME, name)[-1] if name else ""
    return part if part.startswith('"') else part.lower()


_READERS: dict[str, Callable[[Clauses, list[str]], Iterator[Need]]] = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "TRUNCATE": _truncate,
    "COMMENT": _comment,
}
