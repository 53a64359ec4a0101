"""A process of its own that tries what users do while the migrations run, and measures the gaps.

Its parent writes one JSON line (what to try, how to connect), reads `ready`, and closes the pipe
when the migrations have ended; then one JSON line of what was seen comes back. A parent that dies
closes the pipe as well.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_dbmigrate.probes.http_tries import HttpTries
    from pytest_dbmigrate.probes.sql_tries import SqlTries

GRACE_SECONDS = 3.0
"""How long what fails at the end is tried again."""


def run(tries: SqlTries | HttpTries, stop: int) -> None:
    """Try until something, or the end, can be read from `stop`; then until all is well again."""
    ready: list[int] = []
    while stop not in ready:
        tries.step()
        ready, _, _ = select.select([stop, *tries.sockets()], [], [], tries.due_seconds())
    # A try that is under way was begun before the end and may say nothing of what is now.
    seen = {name: tried.tries + 1 for name, tried in tries.tried.items()}
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        tries.step()
        once_more = all(t.tries > seen[n] or not t.usable for n, t in tries.tried.items())
        if once_more and not tries.failing():
            break
        select.select(tries.sockets(), [], [], tries.due_seconds())


def main() -> int:
    """The process: one JSON line in, `ready`, the end of the input, one JSON line out."""
    # Ctrl-C goes to the whole group; the parent says when it is over.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = sys.stdin.fileno()
    asked = b"".join(_line(stop))
    if not asked:
        return 0
    tries = _tries(json.loads(asked))
    try:
        tries.prepare()
    except Exception as error:  # noqa: BLE001  (whatever it is, the parent says so in the report)
        _tell({"problem": " ".join(str(error).split())})
        return 1
    print("ready", flush=True)  # noqa: T201  (to the parent)
    run(tries, stop)
    tries.close()
    _tell({"tried": [_plain(asdict(tried)) for tried in tries.tried.values()]})
    return 0


def _tries(asked: dict[str, Any]) -> SqlTries | HttpTries:
    if "statements" in asked:
        from pytest_dbmigrate.probes.sql_tries import SqlTries  # noqa: PLC0415  (import time)

        return SqlTries(asked["conninfo"], asked["statements"])
    from pytest_dbmigrate.probes.http_tries import HttpTries, Request  # noqa: PLC0415

    return HttpTries([Request(**request) for request in asked["requests"]])


def _line(descriptor: int) -> Iterator[bytes]:
    """The parts of one line; nothing follows it but the end."""
    part = b""
    while not part.endswith(b"\n"):
        part = os.read(descriptor, 1 << 16)
        if not part:
            return
        yield part


def _tell(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201  (to the parent)


def _plain(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if not name.startswith("_")}


if __name__ == "__main__":
    sys.exit(main())
