"""What the user typed for a database → a Target, or a refusal that repeats nothing secret.

Accepts what libpq accepts: postgresql:// URLs and `keyword=value` strings, also from an environment
variable (env:NAME). Where a URL can be read in two ways, one of which shows part of a password as a
host or database name, it is refused.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_dbmigrate.postgres.secret import STARS, Scrubber, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

FORM = "postgresql://ROLE@HOST:5432/DATABASE"
FORMS = f"Write {FORM}, 'host=… dbname=…', service=NAME or env:VARIABLE."
ENCODE = "In a password / is written %2F, @ is %40, : is %3A, % is %25 and a space is %20."

# Parameters whose values everybody may see; the value of any other one is shown as ***.
OPEN = frozenset(
    {
        *("service", "user", "dbname", "host", "hostaddr", "port", "application_name"),
        *("sslmode", "sslnegotiation", "sslrootcert", "sslcert", "sslcertmode", "sslsni"),
        *("connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval"),
        *("keepalives_count", "tcp_user_timeout", "target_session_attrs", "load_balance_hosts"),
        *("channel_binding", "require_auth", "gssencmode", "krbsrvname", "client_encoding"),
    }
)
SECRETS = frozenset(
    {"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"}
)
FOREIGN_SCHEMES = frozenset(
    {
        *("mysql", "mariadb", "sqlite", "sqlite3", "oracle", "mssql", "sqlserver", "mongodb"),
        *("redis", "http", "https", "file", "jdbc:postgresql", "pgsql", "psql", "pg", "postgis"),
        *("cockroachdb", "redshift"),
    }
)


class TargetError(Exception):
    """The target cannot be used; one paragraph without any secret, which says what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """A database as the user named it; what is empty, libpq completes (PG* variables, files).

    `redacted` is its URL with *** for passwords and for every value that could be one. `conninfo`
    is what libpq is given.
    """

    host: str
    port: str
    dbname: str
    user: str
    redacted: str
    conninfo: Secret
    secrets: tuple[Secret, ...]

    def __str__(self) -> str:
        """The redacted URL."""
        return self.redacted


def parse_url(text: str) -> Target:
    """The target that `text` names. Raises TargetError, which never repeats what may be secret."""
    source = Secret(text.strip())
    # With --showlocals a traceback shows this frame: the clear text must not stand in it.
    del text
    read = _read(source)
    if isinstance(read, str):
        raise TargetError(read)
    return read


def scrubber(*targets: Target) -> Scrubber:
    """What takes the targets' secrets out of a text, in whatever spelling they stand in it.

    A password that equals the role's or the database's name stays: it would hide the name.
    """
    return Scrubber(
        secret
        for target in targets
        for secret in target.secrets
        if secret.reveal() not in {target.user, target.dbname, target.host}
    )


def scrub(text: str, target: Target) -> str:
    """One text without one target's secrets; see `scrubber`."""
    return scrubber(target)(text)


def redacted_url(parameters: Mapping[str, str]) -> str:
    """A postgresql:// URL of libpq parameters; a password and whatever is not OPEN is `***`."""
    host, port = parameters.get("host", ""), parameters.get("port", "")
    url = "postgresql://" + quote(parameters.get("user", ""), safe="")
    url += f":{STARS}" if "password" in parameters else ""
    url += "@" if url != "postgresql://" else ""
    rest = {k: v for k, v in parameters.items() if k not in {"user", "password", "dbname"}}
    if "," not in host + port and "/" not in host:
        url += f"[{host}]" if ":" in host else quote(host, safe="")
        url += f":{port}" if port else ""
        rest = {k: v for k, v in rest.items() if k not in {"host", "port"}}
    url += "/" + quote(parameters.get("dbname", ""), safe="")
    shown = [f"{k}={quote(v, safe='/,:') if k in OPEN else STARS}" for k, v in rest.items() if v]
    return url + ("?" + "&".join(shown) if shown else "")


def _read(source: Secret) -> Target | str:
    """The target, or why there is none. Nothing below raises: its frames hold clear text."""
    if source.reveal().startswith("env:"):
        found = _from_environment(source.reveal().removeprefix("env:"))
        if isinstance(found, str):
            return found
        source = found
    problem = _problem(source.reveal())
    if problem:
        return problem
    parameters = _parameters(source.reveal())
    if isinstance(parameters, str):
        return parameters
    shown = {name: STARS if name in SECRETS else text for name, text in parameters.items()}
    problem = _doubtful(shown)
    if problem:
        return problem
    return Target(
        host=shown.get("host", ""),
        port=shown.get("port", ""),
        dbname=shown.get("dbname", ""),
        user=shown.get("user", ""),
        redacted=redacted_url(shown),
        conninfo=source,
        secrets=_secrets(source.reveal(), parameters),
    )


def _from_environment(name: str) -> Secret | str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return "env: is followed by the name of an environment variable, as in env:DATABASE_URL."
    found = Secret(os.environ.get(name, "").strip())
    if not found:
        state = "empty" if name in os.environ else "not set"
        return (
            f"The database URL is to be read from the environment variable {name} (env:{name}),"
            f" which is {state}. Set it, or give the URL itself."
        )
    return found


def _problem(text: str) -> str:
    """What makes the text unreadable or ambiguous before libpq sees it; empty when nothing does."""
    if not text:
        return f"The database URL is empty. {FORMS}"
    if "\0" in text:
        return f"The database URL holds a NUL character. {FORMS}"
    scheme = re.match(r"((?:jdbc:)?[A-Za-z][A-Za-z0-9+.-]{0,30}):", text)
    if not scheme:
        known = "=" in text
        return (
            "" if known else f"The database URL is neither a URL nor keyword=value pairs. {FORMS}"
        )
    if not text.startswith(("postgresql://", "postgres://")):
        return f"The database URL is not one of PostgreSQL{_named(scheme[1].lower())}. {FORMS}"
    rest = text.partition("://")[2]
    if rest.count("@") > 1 or "@" in rest.partition("/")[2]:
        return (
            "The database URL can be read in two ways: it has more than one @, or one behind its"
            f" first /. {ENCODE}"
        )
    if re.search("%(?![0-9A-Fa-f]{2})|%00", rest):
        return f"The database URL has a % without two hexadecimal digits (other than 00). {ENCODE}"
    return ""


def _named(scheme: str) -> str:
    """Words about a wrong scheme. It may be a role's name or half a password: repeated if known."""
    if scheme in {"postgresql", "postgres"}:
        return " as it stands: its scheme is lower case and followed by //"
    if scheme.startswith(("postgresql+", "postgres+")):
        return ": its scheme names a Python driver; leave out the + and what follows it"
    return f": its scheme is {scheme}://" if scheme in FOREIGN_SCHEMES else ""


def _parameters(text: str) -> dict[str, str] | str:
    """The parameters, passwords in clear, or why libpq cannot read them."""
    from psycopg import ProgrammingError  # noqa: PLC0415  (import time)
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415

    try:
        return {name: str(value) for name, value in conninfo_to_dict(text).items()}
    except ProgrammingError:
        # libpq's own message repeats what it stumbled on, which may be part of a password.
        return _unreadable(text)
    except UnicodeError:
        return f"The database URL holds bytes that are not UTF-8. {ENCODE}"


def _unreadable(text: str) -> str:
    from psycopg import pq  # noqa: PLC0415  (import time)

    known = [option.keyword.decode() for option in pq.Conninfo.get_defaults()]
    is_url = text.startswith(("postgresql://", "postgres://"))
    names = re.findall(r"[?&]([^=&?]*)=" if is_url else r"(\w+)\s*=", text)
    unknown = [name for name in names if name not in known]
    close = [match for name in unknown for match in get_close_matches(name, known, 1, 0.7)]
    hint = " One of its keywords is not one of libpq's" if unknown else ""
    hint += f"; did you mean {close[0]}?" if close else "." if unknown else ""
    if is_url:
        return f"libpq cannot read the database URL.{hint} {FORMS} {ENCODE}"
    return (
        f"libpq cannot read the connection string.{hint} It is made of keyword=value pairs; a value"
        " with spaces stands in single quotes, in which ' and \\ are written \\' and \\\\."
    )


def _doubtful(parameters: Mapping[str, str]) -> str:
    """What libpq would accept although it is probably a password in the wrong place."""
    ports = [port for port in parameters.get("port", "").split(",") if port]
    if not all(re.fullmatch("[0-9]{1,5}", port) and 0 < int(port) < 65536 for port in ports):
        return f"The database URL's port is not a number from 1 to 65535. {ENCODE}"
    if re.search("://|=", parameters.get("dbname", "")):
        return f"The database's name is itself a connection string; give that one alone. {FORMS}"
    if "\n" in "".join(parameters.values()):
        return f"The database URL holds a line break. {FORMS}"
    return ""


def _secrets(text: str, parameters: Mapping[str, str]) -> tuple[Secret, ...]:
    """Each secret of the text, decoded and as typed, and the one that PGPASSWORD would add."""
    found = [value for name, value in parameters.items() if name in SECRETS]
    found.append(os.environ.get("PGPASSWORD", ""))
    if "://" in text:
        found += re.findall(r"://[^:@/]*:([^@/]+)@", text)
        found += re.findall(rf"[?&](?:{'|'.join(sorted(SECRETS))})=([^&]+)", text)
    return tuple(Secret(each) for each in dict.fromkeys(found) if each)
