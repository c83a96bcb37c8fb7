"""Looks through a tar file before it is sent anywhere: whether it is whole, what is in it, and what it comes to."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from tui.engine.tar_entries import kind_of
from tui.engine.tarscan import Body, TarError, TarHeader, TarScanner
from tui.engine.unpack import PackedError, Unpacker, packing_of
from tui.jobs.job import Job
from tui.model.file_tree import Kind
from tui.model.tree_builder import normalize
from tui.present.units import plural, size

CHUNK = 1 << 20
MAGIC_AT = 257
GZIP = b"\x1f\x8b"

LONGEST_NAME = 255
"""Bytes of a name that file systems take."""

MOST_LINKS = 500_000
"""Links that are kept in mind, so that the memory has an end."""

IMAGE_FILES = frozenset({b"manifest.json", b"repositories", b"oci-layout", b"index.json"})
"""What an archive of images has at its top, in either layout."""


@dataclass(slots=True)
class TarFacts:
    """What a tar holds: entries of any kind, the bytes of its files, and the bytes of the file that it is in.

    `is_image`: it looks like what `docker save` writes.
    """

    entries: int = 0
    content: int = 0
    size: int = 0
    is_image: bool = False

    @property
    def words(self) -> str:
        """The same as a text."""
        return f"{plural(self.entries, 'entry')}, {size(self.content)} unpacked"


class WrongTar(ValueError):
    """The file is no tar that can be restored; the message says why, and names the entry where one is at fault."""


def check_head(path: Path) -> str | None:
    """Return why a file is no tar, plain or packed with gzip, as far as its first block tells; None: it may be one."""
    try:
        if not path.is_file():
            return "a folder, not a tar file" if path.is_dir() else "there is no such file"
        with path.open("rb") as file:
            head = file.read(512)
    except (OSError, ValueError) as error:
        return f"it can't be read: {error}"
    if head.startswith(GZIP) or head[MAGIC_AT : MAGIC_AT + 5] == b"ustar" or head == bytes(512):
        return None
    return "it is no tar: neither plain nor packed with gzip"


class TarCheckJob(Job):
    """Reads the whole file, in a thread; `facts` is what it found. It touches no daemon."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"check {path.name}", f"tar tf {quote(str(path))}")
        self.path = path
        self.facts = TarFacts()
        self.progress = "not begun"
        self._links: set[bytes] = set()
        self._image_parts: set[bytes] = set()

    async def work(self) -> None:
        stopped = threading.Event()
        loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(self._read, stopped, loop)
        finally:
            stopped.set()
        self.fraction = 1.0
        self.progress = self.facts.words

    def failure(self, error: Exception) -> str:
        return f"{self.path}: {error.strerror if isinstance(error, OSError) and error.strerror else error}"

    def _read(self, stopped: threading.Event, loop: asyncio.AbstractEventLoop) -> None:
        """Read it through. Raises OSError, WrongTar."""
        self.facts.size = self.path.stat().st_size
        scanner = TarScanner(self._entry)
        with self.path.open("rb") as file:
            head = file.read(4)
            file.seek(0)
            packing = packing_of(head) if head.startswith(GZIP) else None
            body: Body = scanner if packing is None else Unpacker(packing, scanner)
            done = 0
            try:
                while not stopped.is_set() and (chunk := file.read(CHUNK)):
                    body.feed(memoryview(chunk))
                    done += len(chunk)
                    loop.call_soon_threadsafe(self._told, done)
                if not stopped.is_set():
                    body.close()
                    self._check_end(scanner)
            except (TarError, PackedError) as error:
                raise WrongTar(str(error)) from error

    def _entry(self, header: TarHeader) -> None:
        self.facts.entries += 1
        self.facts.content += header.shown_size
        kind = kind_of(header)
        parts = header.name.split(b"/")
        if b".." in parts or (kind is Kind.HARDLINK and b".." in header.link.split(b"/")):
            raise WrongTar(f"the entry {_shown(header)} leads out of the volume: it is not what a backup holds")
        if max(map(len, parts)) > LONGEST_NAME:
            raise WrongTar(f"the entry {_shown(header)} has a name of more than {LONGEST_NAME} bytes")
        name, _ = normalize(header.name)
        if self._links and (link := self._link_above(name)):
            shown = ascii(link.decode("utf-8", "replace")[:200])
            # a daemon would follow it, and write the file to where nobody looks for it
            raise WrongTar(f"the entry {_shown(header)} lies behind the link {shown}: it is not what a backup holds")
        if kind is Kind.SYMLINK and len(self._links) < MOST_LINKS:
            self._links.add(name)
        elif self._links:
            self._links.discard(name)
        if name in IMAGE_FILES or name.endswith(b"/layer.tar"):
            self._image_parts.add(b"" if name.endswith(b"/layer.tar") else name)
            self.facts.is_image = b"manifest.json" in self._image_parts and len(self._image_parts) > 1

    def _link_above(self, name: bytes) -> bytes | None:
        above = name.rpartition(b"/")[0]
        while above:
            if above in self._links:
                return above
            above = above.rpartition(b"/")[0]
        return None

    def _check_end(self, scanner: TarScanner) -> None:
        if not self.facts.entries:
            raise WrongTar("there is nothing in it")
        if not scanner.done:
            last = ascii(scanner.last_name)[1:200]
            raise WrongTar(f"the archive is cut behind {last}: it has no end mark")

    def _told(self, done: int) -> None:
        if self.state == "running":
            self.fraction = min(1.0, done / self.facts.size) if self.facts.size else None
            self.progress = f"{self.facts.words} so far"
            self.changed()


def _shown(header: TarHeader) -> str:
    return ascii(header.name.decode("utf-8", "replace")[:200])
