"""allowed_signers: which key may sign as which role. A committed file, never part of a run.

ssh-keygen decides whether a line accepts a key. This module refuses what it would accept too gladly
(a line without `namespaces` lets a key sign as every role, a pattern lets it sign as every person)
and what it would pass over in silence (a damaged line). Grammar: ssh-keygen(1), ALLOWED SIGNERS.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pytest_dbmigrate.spec.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")

NAMESPACE = "dbmigrate-signoff/"
FILE_NAME = "allowed_signers"
REVOKED_NAME = "revoked_keys"
PLAN_NAME = "plan.toml"
PERSON = r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,99}"

_TOPS = (".git", "pyproject.toml", "pytest.toml", "pytest.ini", "tox.ini", "setup.cfg")
_KEY_TYPE = re.compile(r"(?:ssh-|ecdsa-|sk-ssh-|sk-ecdsa-)[A-Za-z0-9@.-]+")
_OPTIONS = re.compile(r'(?:[^\s"]|"[^"]*")*')  # ends at the first blank outside double quotes
_OPTION = re.compile(r'(?P<name>[A-Za-z-]+)(?:="(?P<value>[^"\\]*)")?(?:,(?=.)|$)')
_KNOWN = ("namespaces", "valid-after", "valid-before", "cert-authority")
_PATTERN = re.compile(r"[*?!]")
_KRL_MAGIC = b"SSHKRL\n\x00"  # PROTOCOL.krl: the binary form of a revocation list
_EXAMPLE = f'alice@example.com namespaces="{NAMESPACE}database-admin" ssh-ed25519 AAAA…'


@dataclass(frozen=True, slots=True)
class Signer:
    """One line: these people, with this key, in these namespaces. `authority`: it signs keys."""

    people: tuple[str, ...]
    namespaces: tuple[str, ...]
    fingerprint: str
    line: int
    authority: bool = False

    def may(self, role: str) -> bool:
        """Whether this line lets its key sign as `role`."""
        return NAMESPACE + role in self.namespaces


@dataclass(frozen=True, slots=True)
class Signers:
    """Who may sign: the file, its lines, and the list of revoked keys where there is one."""

    path: Path
    lines: tuple[Signer, ...]
    revoked: Path | None = None


class _WrongLineError(Exception):
    """What is wrong with one line, and what to write instead."""

    def __init__(self, problem: str, remedy: str = f"write: {_EXAMPLE}") -> None:
        super().__init__(problem)
        self.remedy = remedy


def read_signers(path: Path, *, revoked: Path | None = None) -> Signers:
    """Read allowed_signers. `revoked` is None: `revoked_keys` beside it, where that exists.

    Raises SpecError, with the line, for anything that is not plainly people, namespaces and a key.
    """
    text = _text(path, _read(path, f"commit a file with a line for each who may sign: {_EXAMPLE}"))
    lines = tuple(_each(path, text, _signer))
    beside = path.parent / REVOKED_NAME
    if revoked is None and (beside.exists() or beside.is_symlink()):
        revoked = beside
    if revoked is not None:
        data = _read(revoked, "name an existing list of public keys, or a KRL")
        if not data.startswith(_KRL_MAGIC):
            tuple(_each(revoked, _text(revoked, data), _revoked))
    return Signers(path, lines, revoked)


def find_signers(here: Path) -> Path:
    """Where allowed_signers is for someone who stands in `here`.

    `sql/allowed_signers` or `allowed_signers` there, or in a folder above it up to the top of the
    project (the folder that holds .git or pytest's configuration). When there is none, the place
    where it belongs.
    """
    for folder in (here, *here.parents):
        for path in (folder / "sql" / FILE_NAME, folder / FILE_NAME):
            if path.is_file():
                return path.relative_to(here) if folder == here else path
        if any((folder / name).exists() for name in _TOPS):
            break
    return Path("sql", FILE_NAME)


def _read(path: Path, remedy: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise SpecError(problem, path=str(path), remedy=remedy) from None


def _text(path: Path, data: bytes) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise SpecError("is not UTF-8 text", path=str(path), remedy="save it as UTF-8") from None
    if text.startswith("\ufeff"):
        raise SpecError(
            "starts with a byte order mark, which ssh-keygen reads as part of the first line",
            path=str(path),
            line=1,
            remedy="save it as UTF-8 without a byte order mark",
        )
    return text


def _each(path: Path, text: str, parse: Callable[[str, int], T]) -> Iterator[T]:
    """What the lines that are not comments say."""
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t\r")
        if line and not line.startswith("#"):
            try:
                _check_characters(line)
                yield parse(line, number)
            except _WrongLineError as wrong:
                raise SpecError(
                    str(wrong), path=str(path), line=number, remedy=wrong.remedy
                ) from None


def _check_characters(line: str) -> None:
    """Refuse what we and ssh-keygen would read differently: NUL ends its line, ours goes on."""
    for character in line:
        if character != "\t" and not character.isprintable():
            raise _WrongLineError(f"it holds an invisible character, U+{ord(character):04X}")


def _signer(line: str, number: int) -> Signer:
    people, rest = _field(line)
    options_text, key = "", rest
    if not _KEY_TYPE.match(rest):
        found = _OPTIONS.match(rest)
        options_text = found[0] if found else ""
        key = rest[len(options_text) :].lstrip(" \t")
    options = _options(options_text)
    authority = "cert-authority" in options
    _check_people(people, authority=authority)
    namespaces = options.get("namespaces", "").split(",")
    _check_namespaces(namespaces)
    return Signer(tuple(people.split(",")), tuple(namespaces), _fingerprint(key), number, authority)


def _field(text: str) -> tuple[str, str]:
    """The first field of a line, and the rest."""
    parts = text.split(maxsplit=1)
    return parts[0], parts[1] if len(parts) > 1 else ""


def _options(text: str) -> dict[str, str]:
    """Options by name in lower case; a flag's value is empty."""
    options: dict[str, str] = {}
    position = 0
    while position < len(text):
        found = _OPTION.match(text, position)
        name = found["name"].lower() if found else ""
        flag = name == "cert-authority"
        if not found or name not in _KNOWN or name in options or flag != (found["value"] is None):
            raise _WrongLineError(
                f"the options `{text}` are not understood",
                'known are namespaces="…", valid-after="…", valid-before="…" and cert-authority, '
                "each once, separated by commas without blanks",
            )
        options[name] = found["value"] or ""
        position = found.end()
    return options


def _check_people(people: str, *, authority: bool) -> None:
    if not authority and _PATTERN.search(people):
        raise _WrongLineError(
            f"`{people}` is a pattern: with it one key could sign as several people",
            "name the people; a pattern may stand only on a cert-authority line",
        )
    names = _PATTERN.sub("x", people).split(",")
    if not all(re.fullmatch(PERSON, name) for name in names):
        raise _WrongLineError(f"`{people}` does not name people as in alice@example.com")


def _check_namespaces(namespaces: list[str]) -> None:
    if not all(namespaces):
        raise _WrongLineError(
            "this line names no role: its key could sign as every role",
            f'write the roles before the key: namespaces="{NAMESPACE}database-admin" '
            '(or namespaces="git" for a key of other business)',
        )
    for namespace in namespaces:
        if _PATTERN.search(namespace):
            raise _WrongLineError(
                f'the namespace "{namespace}" is a pattern: it does not say for which roles',
                f'name each one: namespaces="{NAMESPACE}database-admin,{NAMESPACE}devops"',
            )


def _revoked(line: str, _number: int) -> str:
    """A line of a plain revocation list: a public key and nothing before it."""
    if not _KEY_TYPE.match(line):
        raise _WrongLineError(
            "this line is not a public key, so it revokes nothing",
            "write the key as in its .pub file: ssh-ed25519 AAAA… (no name, no options before it)",
        )
    return _fingerprint(line)


def _fingerprint(key: str) -> str:
    """The SHA256 fingerprint of `type base64 [comment]`, as ssh-keygen -l writes it."""
    kind, rest = _field(key) if key else ("", "")
    encoded, _comment = _field(rest) if rest else ("", "")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    if not _KEY_TYPE.fullmatch(kind) or _fields(blob)[:1] != [kind.encode()]:
        raise _WrongLineError("there is no whole public key on this line")
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _fields(blob: bytes) -> list[bytes]:
    """The length-prefixed strings of a public key (RFC 4253, 6.6); none when it is cut off."""
    fields = []
    while blob:
        end = 4 + int.from_bytes(blob[:4], "big")
        if len(blob) < end:
            return []
        fields.append(blob[4:end])
        blob = blob[end:]
    return fields
