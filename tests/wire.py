"""A TCP address in front of a server's socket, which can hold back, refuse or alter what passes."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_dbmigrate.postgres.server import Server


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of 127.0.0.1 whose every connection is handed to `answer` in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=answer, args=(client,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def relay(
    server: Server, alter: Callable[[bytes], bytes] = lambda data: data
) -> Callable[[socket.socket], None]:
    """An answer that passes everything to `server`, and back what `alter` makes of it."""

    def pump(source: socket.socket, sink: socket.socket, change: Callable[[bytes], bytes]) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(change(data))
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def answer(client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as upstream:
            upstream.connect(f"{server.host}/.s.PGSQL.{server.port}")
            back = threading.Thread(target=pump, args=(upstream, client, alter), daemon=True)
            back.start()
            pump(client, upstream, lambda data: data)
            back.join()

    return answer
