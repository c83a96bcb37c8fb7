"""Takes the beginning of the one file that an archive of a container's path holds."""

from __future__ import annotations

from tui.engine.archive_reader import FILE_TYPES, ArchiveError
from tui.engine.tarscan import Body, TarError, TarHeader, TarScanner


class _Beginning:
    """The first bytes of a body."""

    def __init__(self, most: int) -> None:
        self.content = bytearray()
        self.done = False
        self._most = most

    def feed(self, data: memoryview) -> None:
        self.content += data[: self._most - len(self.content)]
        self.done = len(self.content) >= self._most

    def close(self) -> None:
        self.done = True


class FirstFile:
    """Takes an archive in pieces until `done`; `header` is the first entry's, `content` at most `most` of its bytes."""

    packed = False

    def __init__(self, most: int) -> None:
        self.header: TarHeader | None = None
        self._beginning = _Beginning(most)
        self._scanner = TarScanner(self._entry)

    @property
    def content(self) -> bytes:
        """What came of the file."""
        return bytes(self._beginning.content)

    @property
    def done(self) -> bool:
        """Whether nothing more is wanted of the archive."""
        return self._beginning.done

    def feed(self, chunk: bytes | memoryview) -> None:
        """Take the next bytes. Raises ArchiveError: it is no tar, or its first entry is no file."""
        try:
            self._scanner.feed(chunk)
        except TarError as error:
            raise ArchiveError(str(error)) from error

    def _entry(self, header: TarHeader) -> Body | None:
        if self.header is not None:
            return None
        self.header = header
        if header.type not in FILE_TYPES:
            raise ArchiveError(f"{header.shown_name} is no file")
        if not header.size:
            self._beginning.close()
            return None
        return self._beginning


def empty_archive(path: str) -> str:
    """Return the sentence that tells of an archive of a path that holds nothing."""
    plain = path.encode("utf-8", "replace").decode() == path
    why = "" if plain else ", whose name is no UTF-8: the folder it is in has it"
    return f"the daemon sends nothing of {path}{why}"
