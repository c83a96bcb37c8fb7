"""Reads the headers of a tar stream as it passes by; bodies are skipped, or handed on without a copy."""

import zlib
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

BLOCK: Final = 512
MAX_SPECIAL: Final = 1 << 20
"""Bytes that a long name or a PAX record may have."""

_ADLER: Final = 65521
_SPECIAL: Final = frozenset((b"L", b"K", b"x", b"X"))
_GLOBAL: Final = b"g"
_NO_BODY: Final = frozenset((b"1", b"2", b"3", b"4", b"5", b"6"))
_LINKS: Final = frozenset((b"1", b"2"))
_SPARSE: Final = b"S"


class TarError(ValueError):
    """The stream is no tar, or is cut; the message names the entry and the byte."""


class TarHeader(msgspec.Struct, gc=False):
    """One entry as it is written: `name` and `link` are raw bytes, `type` is the type flag, `size` counts the body.

    `shown_size` is the size of the file, which for a sparse one is more than its body's.
    """

    name: bytes
    type: bytes
    size: int
    shown_size: int
    mode: int
    uid: int
    gid: int
    mtime: int
    link: bytes

    @property
    def shown_name(self) -> str:
        """The name in quotes, for a message: its beginning, in ASCII, whatever its bytes are."""
        return ascii(self.name[:200].decode("utf-8", "surrogateescape"))


class Body(Protocol):
    """Takes an entry's body in pieces."""

    def feed(self, data: memoryview) -> None:
        """Takes the next piece, which is valid during the call only."""
        ...

    def close(self) -> None:
        """Takes note of the body's end."""
        ...


class TarScanner:
    """A push parser of ustar, GNU and PAX archives."""

    __slots__ = (
        "_body",
        "_body_left",
        "_extended",
        "_link",
        "_name",
        "_numbers",
        "_on_entry",
        "_pad",
        "_partial",
        "_pax",
        "_skip",
        "_special",
        "done",
        "last_name",
        "position",
    )

    def __init__(self, on_entry: Callable[[TarHeader], Body | None]) -> None:
        """`on_entry` returns what takes the entry's body, or None to skip it."""
        self._on_entry = on_entry
        self._partial = bytearray()
        self._skip = 0
        self._body: Body | None = None
        self._body_left = self._pad = 0
        self._special: tuple[bytes, int, int] | None = None
        self._name: bytes | None = None
        self._link: bytes | None = None
        self._pax: dict[bytes, bytes] = {}
        self._numbers: dict[bytes, int] = {}
        self._extended: TarHeader | None = None
        self.done = False
        self.last_name = b""
        self.position = 0

    def feed(self, data: bytes | memoryview) -> None:
        """Takes the next bytes of the archive.

        Raises TarError, and whatever `on_entry` and the bodies raise.
        """
        view = memoryview(data)
        pos, end = 0, len(view)
        base = self.position
        while pos < end and not self.done:
            if self._skip:
                step = min(self._skip, end - pos)
                self._skip -= step
            elif self._body is not None:
                step = self._feed_body(view[pos:])
            else:
                wanted = self._special[1] if self._special else BLOCK
                step = min(wanted - len(self._partial), end - pos)
                if step == wanted:
                    block = view[pos : pos + step].tobytes()
                else:
                    self._partial += view[pos : pos + step]
                    block = bytes(self._partial) if len(self._partial) == wanted else b""
                    if block:
                        self._partial.clear()
                if block:
                    self.position = base + pos + step
                    self._block(block)
            pos += step
        self.position = base + end

    def pass_over(self, count: int) -> None:
        """Takes note of `count` bytes of a skipped body that are not at hand. Raises TarError where none is due."""
        if count > self._skip - self._pad or (count and self.done):
            raise TarError(f"{count} bytes are left out where there are no such, behind {self._shown()}")
        self._skip -= count
        self.position += count

    def close(self) -> None:
        """Raises TarError where the archive ends inside an entry. The end mark itself may be missing."""
        if self.done:
            return
        if self._skip > self._pad or self._body is not None:
            raise TarError(f"the archive is cut inside {self._shown()}, at byte {self.position}")
        if self._partial or self._special or self._name is not None or self._pax or self._extended:
            raise TarError(f"the archive is cut in the header behind {self._shown()}, at byte {self.position}")

    def _shown(self) -> str:
        name = self.last_name.decode("utf-8", "surrogateescape")
        return ascii(name if len(name) <= 200 else name[:200] + "…") if name else "its start"

    def _feed_body(self, view: memoryview) -> int:
        body = self._body
        assert body is not None
        step = min(self._body_left, len(view))
        body.feed(view[:step])
        self._body_left -= step
        if not self._body_left:
            self._body = None
            self._skip = self._pad
            body.close()
        return step

    def _block(self, block: bytes) -> None:
        if self._special:
            kind, _, size = self._special
            self._special = None
            self._take_special(kind, block[:size])
        elif self._extended is not None:
            if not block[504]:
                header, self._extended = self._extended, None
                self._enter(header)
        elif block[0] == 0 and not any(block):
            self.done = True
        else:
            self._header(block)

    def _take_special(self, kind: bytes, data: bytes) -> None:
        if kind == b"L":
            self._name = data.rstrip(b"\0")
        elif kind == b"K":
            self._link = data.rstrip(b"\0")
        else:
            self._pax.update(self._records(data))

    def _records(self, data: bytes) -> dict[bytes, bytes]:
        """The records of a PAX header: their length in decimal, a space, key=value, a newline."""
        records: dict[bytes, bytes] = {}
        pos = 0
        while pos < len(data) and data[pos]:
            space = data.find(b" ", pos, pos + 20)
            length = data[pos:space]
            end = pos + int(length) if space > 0 and length.isdigit() else 0
            if end <= space or end > len(data):
                raise TarError(f"a PAX record behind {self._shown()} has no length, at byte {self.position}")
            key, _, value = data[space + 1 : end - 1].partition(b"=")
            records[key] = value
            pos = end
        return records

    def _header(self, block: bytes) -> None:
        self._check_sum(block)
        kind = block[156:157]
        size = self._number(block[124:136])
        if kind in _SPECIAL or kind == _GLOBAL:
            self._expect_special(kind, size)
            return
        name = block[:100].partition(b"\0")[0]
        if block[345] and block[257:263] == b"ustar\0":
            name = block[345:500].partition(b"\0")[0] + b"/" + name
        if self._name is not None:
            name, self._name = self._name, None
        link = block[157:257].partition(b"\0")[0] if kind in _LINKS else b""
        if self._link is not None:
            link, self._link = self._link if link else b"", None
        number = self._cached_number
        header = TarHeader(
            name,
            kind,
            0 if kind in _NO_BODY else size,
            0 if kind in _NO_BODY else size,
            number(block[100:108]),
            number(block[108:116]),
            number(block[116:124]),
            self._number(block[136:148]),
            link,
        )
        if self._pax:
            self._apply_pax(header)
        if kind == _SPARSE:
            header.shown_size = self._number(block[483:495])
            if block[482]:
                self._extended = header
                return
        self._enter(header)

    def _expect_special(self, kind: bytes, size: int) -> None:
        if size < 0:
            raise TarError(f"the size of a record behind {self._shown()} is negative")
        padded = (size + BLOCK - 1) & -BLOCK
        if kind == _GLOBAL or not size:
            self._skip = padded
            self._pad = 0
        elif size > MAX_SPECIAL:
            raise TarError(f"a name or record of {size} bytes behind {self._shown()} is over the limit")
        else:
            self._special = (kind, padded, size)

    def _enter(self, header: TarHeader) -> None:
        self.last_name = header.name
        if header.size < 0:
            raise TarError(f"the size of {self._shown()} is negative")
        self._pad = -header.size % BLOCK
        body = self._on_entry(header) if header.size or header.type in _NO_BODY else self._empty(header)
        if body is not None and header.size:
            self._body = body
            self._body_left = header.size
        else:
            self._skip = header.size + self._pad

    def _empty(self, header: TarHeader) -> None:
        body = self._on_entry(header)
        if body is not None:
            body.close()

    def _apply_pax(self, header: TarHeader) -> None:
        """Lets the PAX records of an entry override its header."""
        pax, self._pax = self._pax, {}
        header.name = pax.get(b"GNU.sparse.name", pax.get(b"path", header.name))
        if header.type in _LINKS:
            header.link = pax.get(b"linkpath", header.link)
        try:
            if header.type not in _NO_BODY and b"size" in pax:
                header.size = header.shown_size = int(pax[b"size"])
            if b"GNU.sparse.realsize" in pax:
                header.shown_size = int(pax[b"GNU.sparse.realsize"])
            header.uid = int(pax.get(b"uid", header.uid))
            header.gid = int(pax.get(b"gid", header.gid))
            if b"mtime" in pax:
                header.mtime = int(pax[b"mtime"].partition(b".")[0])
        except ValueError as error:
            raise TarError(f"a PAX record of {ascii(header.name)[:200]} is no number: {error}") from error

    def _check_sum(self, block: bytes) -> None:
        """Adler's lower half is a byte sum at C's speed, modulo 65521, which is enough to tell damage."""
        try:
            written = int(block[148:156].rstrip(b"\0 ") or b"-1", 8)
        except ValueError:
            written = -1
        counted = (zlib.adler32(block) & 0xFFFF) - 1 - sum(block[148:156]) + 8 * 32
        if written < 0 or (written - counted) % _ADLER:
            signed = sum(byte - 256 if byte > 127 else byte for byte in block[:148] + block[156:]) + 8 * 32
            if written != signed:
                raise TarError(f"wrong checksum in the header behind {self._shown()}, at byte {self.position - BLOCK}")

    def _cached_number(self, field: bytes) -> int:
        """Modes and owners: few of them, read again and again."""
        value = self._numbers.get(field)
        if value is None:
            if len(self._numbers) > 4096:
                self._numbers.clear()
            value = self._numbers[field] = self._number(field)
        return value

    def _number(self, field: bytes) -> int:
        """An octal number, or a base-256 one where its first bit is set."""
        if field[0] & 0x80:
            value = int.from_bytes(field, "big") - (1 << (len(field) * 8 - 1))
            return value if field[0] != 0xFF else value - (1 << (len(field) * 8 - 1))
        try:
            return int(field.partition(b"\0")[0].strip() or b"0", 8)
        except ValueError:
            raise TarError(f"{field!r} is no number, in the header behind {self._shown()}") from None
