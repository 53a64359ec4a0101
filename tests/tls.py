"""A TLS address in front of a server's socket, which notes who came without TLS."""

from __future__ import annotations

import shutil
import socket
import ssl
import struct
import subprocess
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from wire import listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_dbmigrate.postgres.server import Server

# https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


@dataclass
class Encrypted:
    """A port of 127.0.0.1 that speaks TLS only; `plain` and `encrypted` count who came how."""

    port: int
    certificate: Path
    plain: list[bytes] = field(default_factory=list)
    encrypted: list[str] = field(default_factory=list)


def certificate(folder: Path) -> Path:
    """A new self-signed certificate for 127.0.0.1, with its key beside it."""
    made, key = folder / "server.crt", folder / "server.key"
    command = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(key), "-out", str(made)]
    program = shutil.which("openssl") or "openssl"
    subprocess.run([program, *command], check=True, capture_output=True)  # noqa: S603  (the test's own)
    return made


@contextmanager
def encrypted(server: Server, folder: Path) -> Iterator[Encrypted]:
    """The address for the time of the block."""
    made = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, folder / "server.key")
    here = Encrypted(0, made)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def answer(client: socket.socket) -> None:
        first = client.recv(8, socket.MSG_WAITALL)
        if first != _SSL_REQUEST:
            here.plain.append(first)
            client.close()
            return
        client.sendall(b"S")
        with (
            suppress(ssl.SSLError),
            context.wrap_socket(client, server_side=True) as inner,
            socket.socket(socket.AF_UNIX) as upstream,
        ):
            here.encrypted.append(str(inner.version()))
            upstream.connect(f"{server.host}/.s.PGSQL.{server.port}")
            back = threading.Thread(target=pump, args=(upstream, inner), daemon=True)
            back.start()
            pump(inner, upstream)
            back.join()

    with listening(answer) as port:
        here.port = port
        yield here
