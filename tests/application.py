"""A small web application with a database of its own: healthy, slow, failing, dead, recovering."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import psycopg
import pytest

from pytest_dbmigrate.probes.application import Application as Reached
from pytest_dbmigrate.probes.http import ask
from pytest_dbmigrate.spec.probes import HttpProbe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask, Response
    from werkzeug.serving import BaseWSGIServer

TOKEN = "Bearer Zq7vXWk3jY"  # noqa: S105  (of an application that lives for one test)
SLOW_SECONDS = 0.2


class Application:
    """Orders over HTTP, from the database at `dsn`; `mode` can be changed while it runs.

    `/health` counts the orders, `/api/orders` lists them to who shows TOKEN. Failures go to `log`.
    """

    def __init__(self, dsn: str, log: Path) -> None:
        self.dsn = dsn
        self.log = log
        self.mode: Literal["healthy", "slow", "failing"] = "healthy"
        self.port = 0
        self.asked: list[str] = []
        self._new = threading.Condition()
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None
        self._logger = logging.getLogger(f"application {log}")
        self._logger.propagate = False
        self._handler = logging.FileHandler(log)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._logger.addHandler(self._handler)

    @property
    def url(self) -> str:
        """Its base URL, the same after it died and was started again."""
        return f"http://127.0.0.1:{self.port}"

    def await_requests(self, more: int) -> None:
        """Until it was asked so many times more."""
        asked = len(self.asked)
        with self._new:
            self._new.wait_for(lambda: len(self.asked) >= asked + more)

    def say(self, level: int, message: str) -> None:
        """Write a line to its log."""
        self._logger.log(level, message)

    def start(self) -> None:
        """Listen, and answer in threads."""
        from werkzeug.serving import make_server  # noqa: PLC0415  (as in `running`)

        self._server = make_server("127.0.0.1", self.port, self._flask(), threaded=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def die(self) -> None:
        """Stop listening: nobody is there any more."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def close(self) -> None:
        """End for good."""
        self.die()
        self._handler.close()

    def _flask(self) -> Flask:
        from flask import Flask, Response, abort, jsonify, request  # noqa: PLC0415  (as in `running`)

        app = Flask("orders")
        logging.getLogger("werkzeug").setLevel(logging.CRITICAL)

        @app.before_request
        def behave() -> None:
            with self._new:
                self.asked.append(request.path)
                self._new.notify_all()
            if self.mode == "failing":
                self.say(logging.ERROR, f"{request.path}: <the database> says no")
                abort(503)

        @app.get("/health")
        def health() -> Response:
            return jsonify(status="ok", database={"orders": self._rows("count(*)")[0][0]})

        @app.get("/api/orders")
        def orders() -> Response:
            if request.headers.get("Authorization") != TOKEN:
                abort(401)
            return jsonify([row[0] for row in self._rows("id")])

        @app.get("/moved")
        def moved() -> tuple[str, int, dict[str, str]]:
            return "", 302, {"Location": "/health"}

        @app.get("/echo")
        def echo() -> Response:
            return jsonify(said=request.headers.get("Authorization"))

        @app.get("/endless")
        def endless() -> Response:
            return Response(b"x" * 65536 for _ in iter(int, 1))

        return app

    def _rows(self, columns: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            if self.mode == "slow":
                conn.execute(f"SELECT pg_sleep({SLOW_SECONDS})".encode())
            return conn.execute(f"SELECT {columns} FROM orders".encode()).fetchall()


@contextmanager
def running(dsn: str, log: Path) -> Iterator[Application]:
    """The application for the time of the block; where CI is set, a missing package fails."""
    missing = [name for name in ("flask", "httpx") if find_spec(name) is None]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"needs {', '.join(missing)}: pip install -e '.[test]'")
    application = Application(dsn, log)
    application.start()
    try:
        # httpx loads a part of itself with the first request, which pytest in pytest would forget.
        ask([HttpProbe("first", "first", "/health", 1)], Reached(option=application.url))
        application.asked.clear()
        yield application
    finally:
        application.close()
