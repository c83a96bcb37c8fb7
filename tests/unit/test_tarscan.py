"""The header-only tar parser agrees with the standard library's, and never believes a damaged archive."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.tarscan import BLOCK, Body, TarError, TarHeader, TarScanner

TYPES = {
    "file": tarfile.REGTYPE,
    "dir": tarfile.DIRTYPE,
    "sym": tarfile.SYMTYPE,
    "hard": tarfile.LNKTYPE,
    "fifo": tarfile.FIFOTYPE,
    "char": tarfile.CHRTYPE,
}
NAMES = st.text(alphabet="ab/é.", min_size=1, max_size=12).filter(lambda name: name.strip("/.")) | st.integers(
    90, 300
).map(lambda length: "long/" + "n" * length)
ENTRIES = st.lists(st.tuples(NAMES, st.sampled_from(list(TYPES)), st.integers(0, 1500)), max_size=6)
FORMATS = st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])


def archive(entries: list[tuple[str, str, int]], form: int = tarfile.GNU_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for number, (name, kind, size) in enumerate(entries):
            info = tarfile.TarInfo(name)
            info.type = TYPES[kind]
            info.mode, info.uid, info.gid, info.mtime = 0o4755, number, 1000, 1_700_000_000 + number
            if kind in ("sym", "hard"):
                info.linkname = "target/" + "t" * (size // 10)
            if kind == "file":
                info.size = size
            try:
                tar.addfile(info, io.BytesIO(b"x" * size))
            except ValueError:
                continue  # too long for ustar
    return out.getvalue()


def scan(data: bytes, step: int = 1 << 20) -> list[TarHeader]:
    found: list[TarHeader] = []

    def on_entry(header: TarHeader) -> None:
        found.append(header)

    scanner = TarScanner(on_entry)
    for start in range(0, len(data), step):
        scanner.feed(data[start : start + step])
    scanner.close()
    return found


@given(ENTRIES, FORMATS, st.integers(1, 2000))
def test_it_reads_what_the_standard_library_wrote(entries: list[tuple[str, str, int]], form: int, step: int) -> None:
    data = archive(entries, form)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        expected = [(m.name, m.type, m.size, m.mode, m.uid, m.gid, m.mtime, m.linkname) for m in tar]
    found = [
        (h.name.decode().rstrip("/"), h.type, h.size, h.mode, h.uid, h.gid, h.mtime, h.link.decode())
        for h in scan(data, step)
    ]
    assert found == [(name.rstrip("/"), *rest) for name, *rest in expected]


def header(name: bytes = b"name", **fields: bytes) -> bytes:
    block = bytearray(BLOCK)
    block[: len(name)] = name
    places = {
        "mode": 100,
        "uid": 108,
        "gid": 116,
        "size": 124,
        "mtime": 136,
        "type": 156,
        "magic": 257,
        "real": 483,
        "ext": 482,
    }
    for field, value in {"mode": b"0000644", "type": b"0", "magic": b"ustar\x0000", **fields}.items():
        block[places[field] : places[field] + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_numbers_in_base_256() -> None:
    big = (1 << 95 | (9 << 30)).to_bytes(12, "big")
    (found,) = scan_first(header(size=big, mtime=b"\xff" * 12))
    assert found.size == 9 << 30
    assert found.mtime == -1


def scan_first(data: bytes) -> list[TarHeader]:
    found: list[TarHeader] = []

    def on_entry(entry: TarHeader) -> None:
        found.append(entry)

    TarScanner(on_entry).feed(data)
    return found


def test_a_sparse_file_shows_its_whole_size() -> None:
    data = header(type=b"S", size=b"00000001000", real=b"00010000000", ext=b"\1") + bytes(BLOCK) + b"d" * BLOCK
    first, second = scan(data + header(b"next"))
    assert (first.size, first.shown_size) == (512, 0o10000000)
    assert second.name == b"next"


def test_bodies_are_handed_on() -> None:
    class Keep:
        def __init__(self) -> None:
            self.data = bytearray()
            self.closed = False

        def feed(self, data: memoryview) -> None:
            self.data += data

        def close(self) -> None:
            self.closed = True

    bodies: dict[bytes, Keep] = {}

    def on_entry(entry: TarHeader) -> Body | None:
        return bodies.setdefault(entry.name, Keep()) if entry.type == b"0" else None

    data = archive([("a", "file", 700), ("empty", "file", 0), ("d", "dir", 0), ("b", "file", 512)])
    scanner = TarScanner(on_entry)
    for start in range(0, len(data), 100):
        scanner.feed(data[start : start + 100])
    assert {name: (bytes(body.data), body.closed) for name, body in bodies.items()} == {
        b"a": (b"x" * 700, True),
        b"empty": (b"", True),
        b"b": (b"x" * 512, True),
    }


def problem(data: bytes) -> str:
    try:
        scan(data)
    except TarError as error:
        return str(error)
    return ""


def test_a_cut_inside_an_entry_is_an_error_that_names_it() -> None:
    data = archive([("first", "file", 700), ("se/" + "c" * 200, "file", 700), ("third", "sym", 1)], tarfile.PAX_FORMAT)
    problems = {end: problem(data[:end]) for end in range(len(data))}
    fine = [end for end, words in problems.items() if not words]
    assert [end for end in fine if end < 1536] == [0, *range(1212, 1537 - 1)]  # padding alone may be missing
    assert "inside 'first'" in problems[1211]
    assert "behind 'first'" in problems[1537]
    assert "inside 'se/ccc" in problems[1536 + 2 * BLOCK + BLOCK + 699]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (header()[:100] + b"9" + header()[101:], "wrong checksum"),
        (b"x" * 512, "wrong checksum"),
        (b"\xff" * 512, "wrong checksum"),
        (header(size=b"zzzzzzzzzzz"), "is no number"),
        (header(size=b"\xff" * 12), "is negative"),
        (header(type=b"L", size=b"77777777777"), "over the limit"),
        (header(type=b"x", size=b"\xff" * 12), "is negative"),
        (header(type=b"x", size=b"00000000010") + b"99 path=x\n".ljust(512, b"\0"), "has no length"),
        (header(type=b"x", size=b"00000000013") + b"11 size=xx\n".ljust(512, b"\0") + header(), "is no number"),
        (header(type=b"x", size=b"00000000013") + b"11 size=-5\n".ljust(512, b"\0") + header(), "is negative"),
    ],
)
def test_damage_is_an_error(data: bytes, words: str) -> None:
    with pytest.raises(TarError, match=words):
        scan(data)


@given(st.binary(max_size=1200), st.integers(0, 511))
def test_any_bytes_are_read_or_refused(data: bytes, place: int) -> None:
    block = bytearray(header(size=b"00000000100"))
    block[place : place + len(data[:8])] = data[:8]
    for attempt in (data, bytes(block[:BLOCK]) + data):
        assert problem(attempt) != "" or scan(attempt) is not None
