"""The plan's probes: what is asked of the running application, over HTTP and in its logs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_dbmigrate.spec.toml import read_named

if TYPE_CHECKING:
    from pytest_dbmigrate.spec.toml import Table

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
VARIABLE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, 5.6.2: token


@dataclass(frozen=True, slots=True)
class HttpProbe:
    """One request to the application. `url` is absolute, or empty: then `path` joins the base URL.

    `headers` pairs a header with the environment variable that holds its value: a plan is
    committed, a secret is not. `json_field` is a dotted path that must be there, and equal to
    `json_value` unless that is None. `max_response_ns` is None without a limit.
    """

    name: str
    title: str
    path: str
    line: int
    method: str = "GET"
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200
    max_response_ns: int | None = None
    json_field: str = ""
    json_value: str | None = None


@dataclass(frozen=True, slots=True)
class LogProbe:
    """Files in which no new line may match `errors`, unless it matches `ignore` (as `re` reads)."""

    name: str
    title: str
    files: tuple[str, ...]
    errors: tuple[str, ...]
    line: int
    ignore: tuple[str, ...] = ()


Probe = HttpProbe | LogProbe


@dataclass(frozen=True, slots=True)
class Probes:
    """All probes, and the base URL of the HTTP ones (empty when only an option gives it).

    `base_url` may be `env:NAME`.
    """

    base_url: str = ""
    http: tuple[HttpProbe, ...] = ()
    log: tuple[LogProbe, ...] = ()

    @property
    def all(self) -> tuple[Probe, ...]:
        """Every probe, HTTP first."""
        return (*self.http, *self.log)


def read_probes(table: Table) -> Probes:
    """Read `[probe]`, `[[probe.http]]` and `[[probe.log]]`. Raises SpecError with its line."""
    base_url = table.text("base_url", "")
    if base_url and not VARIABLE.fullmatch(base_url) and not is_base_url(base_url):
        raise table.error(
            "base_url",
            f'"{base_url}" is not an http or https URL',
            'write: base_url = "https://app.example.com" or base_url = "env:APP_URL"',
        )
    http, log = table.tables("http"), table.tables("log")
    table.close()
    probes = Probes(base_url, read_named(http, _http), read_named(log, _log))
    names = {probe.name for probe in probes.http}
    for probe, source in zip(probes.log, log, strict=True):
        if probe.name in names:
            raise source.error("name", f'"{probe.name}" is the name of an HTTP probe as well')
    return probes


def is_base_url(text: str) -> bool:
    """Whether paths can be joined to it: an http or https URL without password, query, fragment."""
    return _is_url(text) and not re.search(r"[?#\s]", text)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


def _http(table: Table) -> HttpProbe:
    name, path, url = table.name(), table.text("path", ""), table.text("url", "")
    if bool(path) == bool(url):
        raise table.error(
            "name", f'probe "{name}" needs either a path or a url', 'write: path = "/health"'
        )
    if path and not path.startswith("/"):
        raise table.error("path", f'"{path}" does not begin with /', f'write: path = "/{path}"')
    if url and not _is_url(url):
        raise table.error("url", f'"{url}" is not an http or https URL without a password')
    status = table.number("status", 200)
    if not 100 <= status <= 599:
        raise table.error("status", f"{status} is not an HTTP status", "write: status = 200")
    json_field = table.text("json_field", "")
    json_value = table.text("json_value", "") or None
    if json_value is not None and not json_field:
        raise table.error("json_value", "json_value needs a json_field", 'write: json_field = "…"')
    method = table.choice("method", _METHODS, "GET")
    return HttpProbe(
        name=name,
        title=table.text("title", f"{method} {path or url}"),
        path=path,
        url=url,
        line=table.line,
        method=method,
        headers=_headers(table.table("headers")),
        status=status,
        max_response_ns=table.duration("max_response"),
        json_field=json_field,
        json_value=json_value,
    )


def _headers(table: Table) -> tuple[tuple[str, str], ...]:
    found = []
    for header in table.keys:
        written = table.text(header)
        variable = VARIABLE.fullmatch(written)
        if not _HEADER.fullmatch(header):
            raise table.error(header, f'"{header}" is not the name of a header')
        if not variable:
            # The value is not repeated in the message: it may be the secret itself.
            raise table.error(
                header,
                f'the value of header "{header}" must come from the environment',
                f'write: {header} = "env:NAME_OF_THE_VARIABLE"',
            )
        found.append((header, variable[1]))
    return tuple(found)


def _log(table: Table) -> LogProbe:
    name = table.name()
    files = table.texts("files")
    if not files:
        raise table.error("name", f'probe "{name}" names no files', 'write: files = ["app.log"]')
    return LogProbe(
        name=name,
        title=table.text("title", f"No errors in {', '.join(files)}"),
        files=files,
        errors=_patterns(table, "errors") or (r"\b(?:ERROR|FATAL|CRITICAL|PANIC)\b", "^Traceback "),
        ignore=_patterns(table, "ignore"),
        line=table.line,
    )


def _patterns(table: Table, key: str) -> tuple[str, ...]:
    patterns = table.texts(key)
    for number, pattern in enumerate(patterns):
        try:
            re.compile(pattern)
        except re.error as error:
            raise table.document.error(
                (*table.where, key, number), f'"{pattern}" is not a regular expression: {error}'
            ) from None
    return patterns
