"""Where the application is and what it is shown: the base URL and the headers' values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pytest_dbmigrate.postgres.secret import Secret, remove
from pytest_dbmigrate.spec.probes import VARIABLE, is_base_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_dbmigrate.spec.probes import HttpProbe

INSTALL = "pip install 'pytest-dbmigrate[http]'"
# What HTTP carries unchanged in a header's value (RFC 9110, 5.5: visible ASCII, blanks inside).
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")


class NotReachableError(Exception):
    """Why a probe cannot be asked; `reason` is a stable code, `todo` what to do about it."""

    def __init__(self, why: str, reason: str, todo: str) -> None:
        """Keep the parts; `str()` is why."""
        super().__init__(why)
        self.reason = reason
        self.todo = todo


@dataclass(frozen=True, slots=True)
class Application:
    """The application as one run reaches it.

    `option` and `planned` are base URLs, each as it is written (`env:NAME` too); the option wins.
    Values of headers are held as secrets: they are in no repr, and `scrub` takes them out of texts.
    """

    option: str = ""
    planned: str = ""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def url(self, probe: HttpProbe) -> str:
        """The URL that a probe asks. Raises NotReachableError."""
        return probe.url or f"{self._base_url().rstrip('/')}{probe.path}"

    def headers(self, probe: HttpProbe) -> list[tuple[str, Secret]]:
        """A probe's headers with their values. Raises NotReachableError, which never shows one."""
        found = []
        for header, variable in probe.headers:
            value = self.environ.get(variable, "")
            if not value:
                raise NotReachableError(
                    f"{variable} is not set: the header {header} has no value",
                    "no-header",
                    f"export {variable}=…",
                )
            if not _VALUE.fullmatch(value):
                raise NotReachableError(
                    f"what {variable} holds cannot stand in a header (a line feed, or not ASCII)",
                    "no-header",
                    f"export {variable}=… without a line feed at its end",
                )
            found.append((header, Secret(value)))
        return found

    def obstacle(self, probe: HttpProbe) -> NotReachableError | None:
        """Why a probe cannot be asked, as far as that is known without asking."""
        try:
            self.url(probe)
            self.headers(probe)
        except NotReachableError as error:
            return error
        if find_spec("httpx") is None:
            return NotReachableError("httpx is not installed", "no-httpx", INSTALL)
        return None

    def scrub(self, text: str, probes: Iterable[HttpProbe]) -> str:
        """`text` without the values of the probes' headers, however they are spelled."""
        values = (self.environ.get(v, "") for p in probes for _, v in p.headers)
        return remove(text, {Secret(v) for v in values if v})

    def _base_url(self) -> str:
        written = self.option or self.planned
        if not written:
            raise NotReachableError(
                "no base URL is configured",
                "no-url",
                '--dbmigrate-base-url=URL, or [probe] base_url = "env:APP_URL"',
            )
        variable = VARIABLE.fullmatch(written)
        if variable is None:
            return written
        url = self.environ.get(variable[1], "")
        if not url:
            raise NotReachableError(
                f"{variable[1]} is not set: there is no base URL",
                "no-url",
                f"export {variable[1]}=https://…, or --dbmigrate-base-url=URL",
            )
        if not is_base_url(url):
            raise NotReachableError(
                f"what {variable[1]} holds is no http or https URL, or has a password in it",
                "no-url",
                f"export {variable[1]}=https://app.example.com",
            )
        return url
