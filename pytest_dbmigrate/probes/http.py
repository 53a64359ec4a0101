"""HTTP probes: each one request, judged by status, response time and a field of its JSON."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_dbmigrate.probes.seen import ProbeSeen, not_checked
from pytest_dbmigrate.spec.expectations import Outcome

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    import httpx

    from pytest_dbmigrate.probes.application import Application, NotReachableError
    from pytest_dbmigrate.spec.probes import HttpProbe

PATIENCE_SECONDS = 10.0
"""How long a probe without a larger limit of its own waits for the whole answer."""

BODY_BYTES = 1 << 20
"""How much of an answer is read."""

_SHOWN = 200  # characters of a JSON value
# Compressed, a small answer could grow to fill the memory.
_ALWAYS = {"User-Agent": "pytest-dbmigrate", "Accept-Encoding": "identity"}


def ask(
    probes: Sequence[HttpProbe], application: Application, patience: float = PATIENCE_SECONDS
) -> list[ProbeSeen]:
    """Ask every probe once, all at the same time, each on a connection of its own.

    Redirects are not followed: the probe names the status it expects. Never raises for what the
    application does.
    """
    obstacles = {probe.name: application.obstacle(probe) for probe in probes}
    todo = [probe for probe in probes if obstacles[probe.name] is None]
    seen = asyncio.run(_ask_all(todo, application, patience)) if todo else []
    answered = {each.name: each for each in seen}
    return [
        answered.get(probe.name) or _obstructed(probe.name, obstacles[probe.name])
        for probe in probes
    ]


def _obstructed(name: str, obstacle: NotReachableError | None) -> ProbeSeen:
    if obstacle is None:
        raise KeyError(name)
    return not_checked(name, str(obstacle), obstacle.reason, obstacle.todo)


def expected(probe: HttpProbe) -> str:
    """What a probe expects, in words."""
    parts = [str(probe.status)]
    if probe.max_response_ns is not None:
        parts.append(f"within {_milliseconds(probe.max_response_ns)}")
    if probe.json_field:
        value = "" if probe.json_value is None else f" = {probe.json_value}"
        parts.append(f"with {probe.json_field}{value}")
    return " ".join(parts)


async def _ask_all(
    probes: Sequence[HttpProbe], application: Application, patience: float
) -> list[ProbeSeen]:
    import httpx  # noqa: PLC0415  (an extra, and import time)

    urls = [application.url(probe) for probe in probes]
    async with httpx.AsyncClient(verify=_trust(urls), timeout=None) as client:  # noqa: S113  (the whole request has a time limit)
        return await asyncio.gather(
            *(
                _ask(client, probe, url, application, patience)
                for probe, url in zip(probes, urls, strict=True)
            )
        )


def _trust(urls: Sequence[str]) -> ssl.SSLContext:
    """The certificates to trust. Loading them takes 0.1 s, which plain http need not pay."""
    import ssl  # noqa: PLC0415  (import time)

    import httpx  # noqa: PLC0415

    if any(url.lower().startswith("https:") for url in urls):
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody


async def _ask(
    client: httpx.AsyncClient,
    probe: HttpProbe,
    url: str,
    application: Application,
    patience: float,
) -> ProbeSeen:
    limit_ns = probe.max_response_ns
    seconds = max(patience, (limit_ns or 0) / 1e9)
    at, began = datetime.now(UTC), time.monotonic_ns()
    try:
        async with asyncio.timeout(seconds):
            status, body = await _answer(client, probe, url, application)
    except TimeoutError:
        outcome = Outcome.ERROR if limit_ns is None else Outcome.FAIL
        text = f"no answer within {seconds:g} s"
        return ProbeSeen(probe.name, outcome, text, at, time.monotonic_ns() - began)
    except Exception as error:  # noqa: BLE001  (whatever it was, there is no answer)
        text = application.scrub(f"no answer from {url}: {_cause(error)}", [probe])
        return ProbeSeen(probe.name, Outcome.ERROR, text, at, time.monotonic_ns() - began)
    took = time.monotonic_ns() - began
    problems = list(_problems(probe, status, took, body))
    text = f"{status} in {_milliseconds(took)}" + "".join(f", {p}" for p in problems)
    return ProbeSeen(
        probe.name,
        Outcome.FAIL if problems or status != probe.status else Outcome.PASS,
        application.scrub(text, [probe]),
        at,
        took,
        value=took / 1e6,
        unit="ms",
    )


async def _answer(
    client: httpx.AsyncClient, probe: HttpProbe, url: str, application: Application
) -> tuple[int, bytes]:
    """Status and body, whose end belongs to the time a user waits."""
    body, own = bytearray(), application.headers(probe)
    async with client.stream(
        probe.method,
        url,
        headers={**_ALWAYS, **{name: value.reveal() for name, value in own}},
    ) as response:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > BODY_BYTES:
                break
        return response.status_code, bytes(body)


def _problems(probe: HttpProbe, status: int, took_ns: int, body: bytes) -> list[str]:
    """What is wrong with an answer besides its status."""
    problems = []
    limit = probe.max_response_ns
    if limit is not None and took_ns > limit:
        problems.append(f"slower than {_milliseconds(limit)}")
    if probe.json_field and status == probe.status:
        problems += _json_problems(probe, body)
    return problems


def _json_problems(probe: HttpProbe, body: bytes) -> list[str]:
    if len(body) > BODY_BYTES:
        return [
            f"its body has more than {BODY_BYTES:,} bytes: {probe.json_field} was not looked for"
        ]
    try:
        found: Any = json.loads(body)
    except ValueError:
        return ["its body is not JSON"]
    for name in probe.json_field.split("."):
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return [f"its JSON has no {probe.json_field}"]
    value = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    if probe.json_value is None or value == probe.json_value:
        return []
    shown = value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…"
    return [f"{probe.json_field} is {shown}"]


def _cause(error: BaseException) -> str:
    """The system's own words where there are any: httpx says little of a refused connection."""
    words, at = str(error) or type(error).__name__, error
    while (inner := at.__cause__ or at.__context__) is not None:
        at = inner
        if isinstance(at, BaseExceptionGroup) and at.exceptions:
            at = at.exceptions[0]
        if isinstance(at, OSError) and at.strerror:
            words = at.strerror
    return " ".join(words.split())


def _milliseconds(duration_ns: int) -> str:
    """Cut, not rounded: what is over a limit never reads as the limit."""
    return f"{duration_ns // 10_000 / 100:,.2f}".rstrip("0").rstrip(".") + " ms"
