"""A TCP address in front of a server that stops at each statement a gate sends, for a fault there.

Nothing in the gate knows of it: the relay reads the frontend's messages
(https://www.postgresql.org/docs/current/protocol-message-formats.html) and counts those that carry
a statement, from the gate's BEGIN on.
"""

from __future__ import annotations

import select
import socket
import struct
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from wire import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.postgres.server import Server

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_STARTUP = 196608  # protocol 3.0; a request to cancel has another number

# What becomes of a statement that was stopped: it goes on; it never arrives; it arrives, and the
# line is cut at once; it arrives, is executed, and its answer does not.
Fate = Literal["pass", "lose", "cut", "swallow"]


@dataclass(frozen=True, slots=True)
class Crossing:
    """One statement on its way: its number from BEGIN (1), its text, and the backend it goes to."""

    number: int
    text: str
    pid: int
    client: socket.socket = field(repr=False)

    def wait_until_left(self, seconds: float) -> bool:
        """Wait until the client has closed its end of the line."""
        watch = select.poll()  # the rest of its messages waits to be read: only the end counts
        watch.register(self.client, select.POLLRDHUP)
        return bool(watch.poll(seconds * 1000))


@dataclass(slots=True)
class _Line:
    """One client's connection and the server's end of it."""

    client: socket.socket
    upstream: socket.socket
    strike: Callable[[Crossing], Fate]
    pid: int = 0
    number: int = 0
    muted: bool = False
    answered: threading.Event = field(default_factory=threading.Event)

    def forth(self) -> None:
        """Pass what the client says, message by message."""
        with suppress(OSError):
            head = _exactly(self.client, 8)
            length, code = struct.unpack("!II", head)
            self.upstream.sendall(head + _exactly(self.client, length - 8))
            while code == _STARTUP:
                kind = _exactly(self.client, 1)
                size = _exactly(self.client, 4)
                body = _exactly(self.client, struct.unpack("!I", size)[0] - 4)
                if self._pass(kind, body) != "pass":
                    break
                self.upstream.sendall(kind + size + body)
        self.close()

    def _pass(self, kind: bytes, body: bytes) -> Fate:
        """Strike at a statement of the gate's, and do what was decided about it."""
        if kind not in b"PQ":
            return "pass"
        text = body.split(b"\0")[1 if kind == b"P" else 0].decode("utf-8", "replace")
        if not self.number and text != BEGIN:
            return "pass"
        self.number += 1
        fate = self.strike(Crossing(self.number, text, self.pid, self.client))
        if fate in {"cut", "swallow"}:
            self.muted = True
            rest = _exactly(self.client, 1) if kind == b"P" else b""
            with suppress(BlockingIOError):
                rest += self.client.recv(65536, socket.MSG_DONTWAIT)
            whole = kind + struct.pack("!I", len(body) + 4) + body + rest
            self.upstream.sendall(whole)
            if fate == "swallow":
                self.answered.wait(10)
        return fate

    def back(self) -> None:
        """Pass what the server says, unless it is to be swallowed; find the backend's number."""
        with suppress(OSError):
            seen = b""
            while data := self.upstream.recv(65536):
                if not self.pid:
                    seen += data
                    self.pid = _backend(seen)
                if self.muted:
                    self.answered.set()
                else:
                    self.client.sendall(data)
        self.answered.set()
        self.close()

    def close(self) -> None:
        """Cut the line on both sides."""
        for each in (self.client, self.upstream):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _backend(seen: bytes) -> int:
    """The process in a BackendKeyData message, 0 while it has not come."""
    at = 0
    while at + 5 <= len(seen):
        (length,) = struct.unpack("!I", seen[at + 1 : at + 5])
        if seen[at : at + 1] == b"K" and at + 9 <= len(seen):
            return int(struct.unpack("!I", seen[at + 5 : at + 9])[0])
        at += 1 + length
    return 0


def _exactly(source: socket.socket, size: int) -> bytes:
    """So many bytes; OSError when the line ends before."""
    data = b""
    while len(data) < size:
        more = source.recv(size - len(data))
        if not more:
            raise ConnectionResetError
        data += more
    return data


@contextmanager
def stepping(server: Server, strike: Callable[[Crossing], Fate]) -> Iterator[int]:
    """A port of 127.0.0.1 before the server; `strike` is asked at each statement of a gate's.

    It may take its time: the statement waits, and so does the gate.
    """

    def answer(client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as upstream, suppress(OSError):
            upstream.connect(f"{server.host}/.s.PGSQL.{server.port}")
            line = _Line(client, upstream, strike)
            back = threading.Thread(target=line.back, daemon=True)
            back.start()
            line.forth()
            back.join()

    with listening(answer) as port:
        yield port
