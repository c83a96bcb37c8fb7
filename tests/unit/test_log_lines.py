"""Lines of a container's output, from frames and from raw bytes that are cut anywhere."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.framing import FramingError
from tui.engine.log_lines import LOG_CHUNK, LineAssembler, LogReader
from tui.model.log_record import NO_TIME, LogBatch, LogRecord, Stream, picked


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


CUTS = st.lists(st.integers(0, 1 << 16), max_size=12)


def of(*batches: LogBatch) -> list[LogRecord]:
    return [record for batch in batches for record in batch.records()]


def frame(stream: int, payload: bytes) -> bytes:
    return bytes((stream, 0, 0, 0)) + len(payload).to_bytes(4, "big") + payload


STAMP = b"2026-11-24T07:09:38.034290368Z "
NANOS = 1_795_504_178_034_290_368


def test_a_timestamped_frame_is_a_line() -> None:
    lines = LineAssembler(timestamps=True)
    records = of(lines.feed([(Stream.STDOUT, STAMP + b"hi\n"), (Stream.STDERR, STAMP + b"\xff\n")]))
    assert records == [LogRecord("hi", Stream.STDOUT, NANOS), LogRecord("�", Stream.STDERR, NANOS)]


@pytest.mark.parametrize(
    ("stamp", "nanos"),
    [
        (b"1970-01-01T00:00:01Z ", 1_000_000_000),
        (b"1970-01-01T02:00:00.5+02:00 ", 500_000_000),
        (b"1969-12-31T23:30:00.000000007-00:30 ", 7),
    ],
)
def test_timestamps_of_any_zone(stamp: bytes, nanos: int) -> None:
    assert of(LineAssembler(timestamps=True).feed([(Stream.STDOUT, stamp + b"x\n")]))[0].timestamp == nanos


@pytest.mark.parametrize("text", [b"no stamp", b"2026-99-24T07:09:38Z x", b"0000-01-01T00:00:00Z x"])
def test_a_line_without_a_readable_timestamp_keeps_its_text(text: bytes) -> None:
    record = of(LineAssembler(timestamps=True).feed([(Stream.STDOUT, text + b"\n")]))[0]
    assert record.timestamp is None
    assert text.decode().endswith(record.text)


def test_pieces_of_a_long_line_become_one_line() -> None:
    lines = LineAssembler(timestamps=True)
    frames = [
        (Stream.STDOUT, STAMP + b"a" * LOG_CHUNK),
        (Stream.STDERR, STAMP + b"between\n"),
        (Stream.STDOUT, STAMP + b"b" * LOG_CHUNK),
        (Stream.STDOUT, STAMP + b"c\n"),
    ]
    between, long = of(lines.feed(frames))
    assert between.text == "between"
    assert long == LogRecord("a" * LOG_CHUNK + "b" * LOG_CHUNK + "c", Stream.STDOUT, NANOS)
    assert of(lines.close()) == []


def test_another_timestamp_ends_a_line_whose_writer_did_not() -> None:
    lines = LineAssembler(timestamps=True)
    later = STAMP.replace(b"07:09:38", b"07:09:39")
    assert of(lines.feed([(Stream.STDOUT, STAMP + b"last words")])) == []
    records = of(lines.feed([(Stream.STDOUT, later + b"restarted\n")]))
    assert [record.text for record in records] == ["last words", "restarted"]


def test_a_tty_line_in_pieces_loses_the_stamps_inside_it() -> None:
    data = STAMP + b"a" * LOG_CHUNK + STAMP + b"b" * LOG_CHUNK + STAMP + b"c\r\n" + STAMP + b"next\r\n"
    lines = LineAssembler(timestamps=True, tty=True)
    long, following = of(lines.feed_raw(data))
    assert long == LogRecord("a" * LOG_CHUNK + "b" * LOG_CHUNK + "c", Stream.STDOUT, NANOS)
    assert following == LogRecord("next", Stream.STDOUT, NANOS)


def test_the_end_gives_out_what_has_no_line_end() -> None:
    lines = LineAssembler(tty=True)
    assert of(lines.feed_raw(b"one\r\npar\rtial")) == [LogRecord("one")]
    assert of(lines.close()) == [LogRecord("par\rtial")]


@pytest.mark.parametrize("timestamps", [False, True])
def test_a_line_too_long_keeps_its_start_and_counts_the_rest(timestamps: bool) -> None:
    lines = LineAssembler(limit=10, timestamps=timestamps)
    stamp = STAMP if timestamps else b""
    records = of(
        lines.feed(
            [
                (Stream.STDOUT, stamp + b"1234567"),
                (Stream.STDOUT, stamp + b"89abcdef"),
                (Stream.STDOUT, stamp + b"gh\n"),
            ]
        )
    )
    assert [(record.text, record.cut) for record in records] == [("123456789a", 7)]


@given(
    st.lists(st.binary(max_size=30) | st.just(b"2026-11-24T07:09:38Z x"), max_size=6),
    CUTS,
    st.booleans(),
    st.booleans(),
)
def test_raw_lines_survive_any_cut(parts: list[bytes], places: list[int], timestamps: bool, tty: bool) -> None:
    data = b"\r\n".join(parts)

    def read(chunks: list[bytes]) -> list[LogRecord]:
        lines = LineAssembler(timestamps=timestamps, tty=tty, limit=24)
        return of(*[lines.feed_raw(chunk) for chunk in chunks], lines.close())

    assert read(cut(data, places)) == read([data])


@given(st.lists(st.binary(max_size=30), max_size=6), CUTS)
def test_lines_of_frames_do_not_depend_on_where_the_frames_are_cut(parts: list[bytes], places: list[int]) -> None:
    data = b"\n".join(parts)
    lines = LineAssembler()
    records = of(lines.feed((Stream.STDERR, piece) for piece in cut(data, places)), lines.close())
    expected = [part.decode("utf-8", "replace") for part in data.split(b"\n")]
    assert [record.text for record in records] == (expected if expected[-1] else expected[:-1])


payloads = st.one_of(
    st.binary(max_size=40).map(lambda text: STAMP + text + b"\n"),
    st.binary(max_size=40).map(lambda text: STAMP.replace(b"07:09:38", b"07:09:39") + text),
    st.binary(max_size=60),
    st.sampled_from(
        [b"2026-13-24T07:09:38.034290368Z x\n", b"2026-11-24T07:09:38.03429036_Z x\n", b"2026-11-24T07:09:38Z x\n"]
    ),
)


@given(st.lists(st.tuples(st.sampled_from(tuple(Stream)), payloads), max_size=12), CUTS, st.booleans())
def test_the_quick_way_gives_what_the_slow_way_gives(
    frames: list[tuple[Stream, bytes]], places: list[int], timestamps: bool
) -> None:
    reader = LogReader(timestamps=timestamps, tty=False, limit=24)
    slow = LineAssembler(timestamps=timestamps, limit=24)
    data = b"".join(frame(stream, payload) for stream, payload in frames)
    found = of(*[reader.feed(part) for part in cut(data, places)], reader.close())
    assert found == of(slow.feed(frames), slow.close())


@pytest.mark.parametrize("data", [b"hello world", b"\x04\0\0\0\0\0\0\1", frame(1, b"")[:4] + b"\xff" * 4])
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(FramingError):
        LogReader(timestamps=True, tty=False).feed(data)


def test_a_hundred_megabytes_without_a_line_end_keep_their_first() -> None:
    reader = LogReader(timestamps=True, tty=False)
    piece = frame(1, STAMP + b"x" * LOG_CHUNK)

    def batches() -> Iterable[LogBatch]:
        for _ in range(100 << 20 >> 14):
            yield reader.feed(piece)
        yield reader.feed(frame(1, STAMP + b"end\n"))

    kept = [batch for batch in batches() if len(batch)]
    assert [(len(batch.texts[0]), batch.cuts) for batch in kept] == [(1 << 20, {0: (99 << 20) + 3})]


def test_parts_of_a_batch_keep_what_belongs_to_their_lines() -> None:
    batch = LogBatch()
    for number in range(4):
        batch.add(b"%d" % number, Stream.STDERR, NO_TIME if number == 1 else number, cut=7 if number == 2 else 0)
    assert of(batch.part(1, 3)) == [LogRecord("1", Stream.STDERR, None), LogRecord("2", Stream.STDERR, 2, 7)]
    assert of(picked(batch, [0, 2])) == [LogRecord("0", Stream.STDERR, 0), LogRecord("2", Stream.STDERR, 2, 7)]
    both = LogBatch()
    both.extend(batch.part(0, 1))
    both.extend(batch.part(2))
    assert [record.cut for record in of(both)] == [0, 7, 0]
