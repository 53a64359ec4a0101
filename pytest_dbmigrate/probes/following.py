"""One growing file: the lines written since a mark, whatever is done to rotate it meanwhile.

Renamed: the old file is held open and read to its end, then the new one from its beginning. Copied
and emptied: the copy is found beside it by what stood before the mark. What can have been lost is
never passed over in silence.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINE_BYTES = 1 << 20
"""A longer line is read in parts of this size."""

_SEAL = 64  # bytes before the mark by which a file is known again
# What was compressed had been rotated before, and was read while it was still open.
_COMPRESSED = {".gz", ".bz2", ".xz", ".zst"}

Identity = tuple[int, int]  # device and inode


@dataclass(slots=True)
class FollowedFile:
    """A file from its mark on; `mark` makes one.

    `doubts` says in words what may have been lost, `problem` why the file cannot be read now.
    """

    path: Path
    doubts: list[str] = field(default_factory=list)
    problem: str = ""
    _handle: BinaryIO | None = None
    _identity: Identity = (0, 0)
    _offset: int = 0
    _seal: bytes = b""
    _rest: bytes = b""
    _known: set[Identity] = field(default_factory=set)

    def lines(self, *, last: bool = False) -> Iterator[bytes]:
        """The complete lines that are new since the last call; the `last` time also a begun one."""
        now = self._look()
        if self._handle is not None and now != self._identity:
            yield from self._rotated(now)
        if now is not None and self._handle is None:
            self._open()
        elif self._handle is not None and self._is_emptied(self._handle):
            yield from self._emptied()
        if self._handle is not None:
            yield from self._read(self._handle)
        if last and self._rest:
            yield self._rest
            self._rest = b""
        self._known = set(self._beside())

    def close(self) -> None:
        """Let go of the file."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def skip(self) -> None:
        """Leave out what is there already: the mark."""
        if self._look() is not None:
            self._open()
        if self._handle is not None:
            self._offset = self._handle.seek(0, os.SEEK_END)
            self._seal_here(self._handle)
        self._known = set(self._beside())

    def _look(self) -> Identity | None:
        """Which file stands at the path now; None when none can be seen."""
        self.problem = ""
        try:
            found = self.path.stat()
        except OSError as error:
            self.problem = (error.strerror or str(error)).lower()
            return None
        return found.st_dev, found.st_ino

    def _open(self) -> None:
        try:
            self._handle = self.path.open("rb")
        except OSError as error:
            self.problem = (error.strerror or str(error)).lower()
            return
        found = os.fstat(self._handle.fileno())
        self._identity = found.st_dev, found.st_ino
        self._offset, self._seal = 0, b""

    def _rotated(self, now: Identity | None) -> Iterator[bytes]:
        """The rest of the file that was moved away, then those that came and went since."""
        if self._handle is not None:
            yield from self._read(self._handle)
        yield from self._end_line()
        gone = self._identity
        self.close()
        between = [p for i, p in self._beside().items() if i not in self._known | {gone, now}]
        for path in sorted(between, key=lambda p: p.stat().st_mtime_ns):
            yield from self._whole(path, 0)

    def _emptied(self) -> Iterator[bytes]:
        """What stood in the file before it was emptied, from the copy that was taken of it."""
        for identity, path in self._beside().items():
            if identity not in self._known and self._is_sealed(path):
                yield from self._whole(path, self._offset)
                break
        else:
            self.doubts.append("it was emptied, and lines written shortly before may be lost")
            self._rest = b""
        self._offset, self._seal = 0, b""

    def _whole(self, path: Path, offset: int) -> Iterator[bytes]:
        try:
            with path.open("rb") as handle:
                self._offset = offset
                yield from self._read(handle)
        except OSError as error:
            self.doubts.append(f"{path.name} could not be read ({error.strerror})")
        yield from self._end_line()

    def _end_line(self) -> Iterator[bytes]:
        if self._rest:
            yield self._rest
        self._rest = b""

    def _read(self, handle: BinaryIO) -> Iterator[bytes]:
        while part := os.pread(handle.fileno(), LINE_BYTES, self._offset):
            self._offset += len(part)
            *complete, self._rest = (self._rest + part).split(b"\n")
            yield from complete
            if len(self._rest) >= LINE_BYTES:
                yield from self._end_line()
        self._seal_here(handle)

    def _seal_here(self, handle: BinaryIO) -> None:
        size = min(_SEAL, self._offset)
        self._seal = os.pread(handle.fileno(), size, self._offset - size)

    def _is_emptied(self, handle: BinaryIO) -> bool:
        """Whether what stood before the mark stands there no more."""
        found = os.pread(handle.fileno(), len(self._seal), self._offset - len(self._seal))
        return found != self._seal

    def _is_sealed(self, path: Path) -> bool:
        try:
            with path.open("rb") as handle:
                return not self._is_emptied(handle)
        except OSError:
            return False

    def _beside(self) -> dict[Identity, Path]:
        """The file and what a rotation names after it: `app.log.1`, `app.log-20240129`."""
        found = {}
        for path in self.path.parent.glob(f"{_literal(self.path.name)}[.-]*"):
            try:
                status = path.stat()
            except OSError:
                continue
            if path.is_file() and path.suffix not in _COMPRESSED:
                found[status.st_dev, status.st_ino] = path
        return found


def mark(path: Path) -> FollowedFile:
    """Begin to follow a file, which need not be there yet: what it holds now is not new."""
    file = FollowedFile(path)
    file.skip()
    return file


def _literal(name: str) -> str:
    """A name as a pattern that matches only itself."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
