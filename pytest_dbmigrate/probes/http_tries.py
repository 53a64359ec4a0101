"""HTTP tries: the application's probes, asked one after the other as users ask them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_dbmigrate.probes.tried import Tried

if TYPE_CHECKING:
    import httpx

PATIENCE_SECONDS = 5.0
"""How long one try may take from one part of the answer to the next."""

BODY_BYTES = 1 << 20
"""How much of an answer is read."""

REST_SECONDS = 0.02
"""Between two rounds."""


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask, and the status that is expected."""

    name: str
    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    status: int


@dataclass(slots=True)
class HttpTries:
    """Requests that are tried in turn. Redirects are answers."""

    requests: list[Request]
    tried: dict[str, Tried] = field(default_factory=dict)
    _client: httpx.Client | None = None
    _next_ns: int = 0

    def prepare(self) -> None:
        """Try each once while nothing is locked; leave out what fails already."""
        for request in self.requests:
            tried = self.tried[request.name] = Tried(request.name)
            tried.left_out = self._ask(request)

    def sockets(self) -> list[int]:
        """None: a request is waited for."""
        return []

    def step(self) -> None:
        """Ask each once."""
        if time.monotonic_ns() < self._next_ns:
            return
        for request in self.requests:
            tried = self.tried[request.name]
            if tried.usable:
                tried.begin(time.monotonic_ns())
                problem = self._ask(request)
                tried.end(time.monotonic_ns(), problem)
        self._next_ns = time.monotonic_ns() + round(REST_SECONDS * 1e9)

    def failing(self) -> bool:
        """Whether something does not work now."""
        return any(tried.failing for tried in self.tried.values())

    def due_seconds(self) -> float:
        """How long there is nothing to begin."""
        return max(0.0, (self._next_ns - time.monotonic_ns()) / 1e9)

    def close(self) -> None:
        """Close what is open."""
        if self._client is not None:
            self._client.close()

    def _ask(self, request: Request) -> str:
        """Ask once; in words what was wrong, empty when nothing was."""
        import httpx  # noqa: PLC0415  (an extra)

        if self._client is None:
            self._client = httpx.Client(timeout=PATIENCE_SECONDS)
        try:
            with self._client.stream(
                request.method, request.url, headers=request.headers
            ) as answer:
                size = 0
                for part in answer.iter_raw():
                    size += len(part)
                    if size > BODY_BYTES:
                        break
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return str(error) or type(error).__name__
        return "" if status == request.status else f"answered {status}"
