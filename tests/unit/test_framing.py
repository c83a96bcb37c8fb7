"""Byte streams cut anywhere give the same documents, frames and lines."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.framing import (
    LOG_CHUNK,
    FramingError,
    LineAssembler,
    NdjsonSplitter,
    StdcopyDecoder,
    TruncatedFrame,
)
from tui.model.log_record import LogRecord, Stream


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


CUTS = st.lists(st.integers(0, 1 << 16), max_size=12)
JSON = st.dictionaries(
    st.text(max_size=6),
    st.recursive(
        st.none() | st.integers() | st.text(alphabet='{}[]"\\ \n\té\x1f', max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def split(parts: list[bytes]) -> list[bytes]:
    splitter = NdjsonSplitter()
    documents = [document for part in parts for document in splitter.feed(part)]
    splitter.close()
    return documents


@given(st.lists(st.tuples(JSON, st.sampled_from(["", "\n", "\r\n", " ", "\n\n"])), max_size=5), CUTS)
def test_documents_survive_any_cut_and_any_separator(
    items: list[tuple[dict[str, object], str]], places: list[int]
) -> None:
    data = "".join(json.dumps(value) + separator for value, separator in items).encode()
    documents = split(cut(data, places))
    assert [json.loads(document) for document in documents] == [value for value, _ in items]


@given(st.binary(max_size=60) | st.text(alphabet='{}[]"\\\n a1', max_size=40).map(str.encode), CUTS)
def test_what_is_no_json_is_cut_the_same_however_it_arrives(data: bytes, places: list[int]) -> None:
    assert split([*cut(data, places), b"\n"]) == split([data + b"\n"])


def test_a_document_is_given_out_before_its_newline() -> None:
    assert NdjsonSplitter().feed(b'{"a":{"b":[1]}}') == [b'{"a":{"b":[1]}}']


def test_a_line_over_128_kib_is_one_document() -> None:
    document = json.dumps({"stream": "x" * 300_000}).encode()
    assert split(cut(document + b"\n", list(range(0, 300_000, 4096)))) == [document]


def test_documents_have_a_bound() -> None:
    splitter = NdjsonSplitter(limit=10)
    splitter.feed(b'{"a":"123')
    with pytest.raises(FramingError, match="larger than 10 bytes"):
        splitter.feed(b"456")
    with pytest.raises(FramingError, match="larger than 10 bytes"):
        NdjsonSplitter(limit=10).feed(b'{"a":"1234567"}\n')


@pytest.mark.parametrize("rest", [b"{", b'{"a":1}{"b"', b'{"a":"}', b"oops"])
def test_an_end_inside_a_document_is_an_error(rest: bytes) -> None:
    splitter = NdjsonSplitter()
    splitter.feed(rest)
    with pytest.raises(TruncatedFrame, match="inside a JSON document"):
        splitter.close()


def frame(stream: int, payload: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(payload).to_bytes(4, "big") + payload


FRAMES = st.lists(st.tuples(st.sampled_from(Stream), st.binary(max_size=40)), max_size=6)


@given(FRAMES, CUTS)
def test_frames_survive_any_cut(frames: list[tuple[Stream, bytes]], places: list[int]) -> None:
    data = b"".join(frame(stream, payload) for stream, payload in frames)
    decoder = StdcopyDecoder()
    assert [got for part in cut(data, places) for got in decoder.feed(part)] == frames
    decoder.close()


@given(FRAMES.filter(bool), st.integers(1, 1 << 16))
def test_a_frame_cut_at_any_byte_is_an_error_and_never_half_a_frame(
    frames: list[tuple[Stream, bytes]], place: int
) -> None:
    data = b"".join(frame(stream, payload) for stream, payload in frames)
    ends = [0]
    for _, payload in frames:
        ends.append(ends[-1] + 8 + len(payload))
    place %= len(data)
    decoder = StdcopyDecoder()
    assert decoder.feed(data[:place]) == frames[: sum(end <= place for end in ends) - 1]
    if place in ends:
        decoder.close()
    else:
        with pytest.raises(TruncatedFrame, match="inside a frame"):
            decoder.close()


@pytest.mark.parametrize("header", [b"hello wo", b"\x04\0\0\0\0\0\0\1", b"\1\0\1\0\0\0\0\1"])
def test_a_header_that_is_none_is_refused(header: bytes) -> None:
    with pytest.raises(FramingError, match="no output frame starts with"):
        StdcopyDecoder().feed(header)


def test_frames_have_a_bound() -> None:
    with pytest.raises(FramingError, match="over the limit of 4"):
        StdcopyDecoder(limit=4).feed(frame(1, b"12345")[:8])


STAMP = b"2026-11-24T07:09:38.034290368Z "
NANOS = 1_795_504_178_034_290_368


def test_a_timestamped_frame_is_a_line() -> None:
    lines = LineAssembler(timestamps=True)
    records = lines.feed([(Stream.STDOUT, STAMP + b"hi\n"), (Stream.STDERR, STAMP + b"\xff\n")])
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
    assert LineAssembler(timestamps=True).feed([(Stream.STDOUT, stamp + b"x\n")])[0].timestamp == nanos


@pytest.mark.parametrize("text", [b"no stamp", b"2026-99-24T07:09:38Z x", b"0000-01-01T00:00:00Z x"])
def test_a_line_without_a_readable_timestamp_keeps_its_text(text: bytes) -> None:
    record = LineAssembler(timestamps=True).feed([(Stream.STDOUT, text + b"\n")])[0]
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
    between, long = lines.feed(frames)
    assert between.text == "between"
    assert long == LogRecord("a" * LOG_CHUNK + "b" * LOG_CHUNK + "c", Stream.STDOUT, NANOS)
    assert lines.close() == []


def test_another_timestamp_ends_a_line_whose_writer_did_not() -> None:
    lines = LineAssembler(timestamps=True)
    later = STAMP.replace(b"07:09:38", b"07:09:39")
    assert [record.text for record in lines.feed([(Stream.STDOUT, STAMP + b"last words")])] == []
    records = lines.feed([(Stream.STDOUT, later + b"restarted\n")])
    assert [record.text for record in records] == ["last words", "restarted"]


def test_a_tty_line_in_pieces_loses_the_stamps_inside_it() -> None:
    data = STAMP + b"a" * LOG_CHUNK + STAMP + b"b" * LOG_CHUNK + STAMP + b"c\r\n" + STAMP + b"next\r\n"
    lines = LineAssembler(timestamps=True, tty=True)
    long, following = lines.feed_raw(data)
    assert long == LogRecord("a" * LOG_CHUNK + "b" * LOG_CHUNK + "c", Stream.STDOUT, NANOS)
    assert following == LogRecord("next", Stream.STDOUT, NANOS)


def test_the_end_gives_out_what_has_no_line_end() -> None:
    lines = LineAssembler(tty=True)
    assert lines.feed_raw(b"one\r\npar\rtial") == [LogRecord("one")]
    assert lines.close() == [LogRecord("par\rtial")]


@pytest.mark.parametrize("timestamps", [False, True])
def test_a_line_too_long_keeps_its_start_and_counts_the_rest(timestamps: bool) -> None:
    lines = LineAssembler(limit=10, timestamps=timestamps)
    stamp = STAMP if timestamps else b""
    records = lines.feed(
        [(Stream.STDOUT, stamp + b"1234567"), (Stream.STDOUT, stamp + b"89abcdef"), (Stream.STDOUT, stamp + b"gh\n")]
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
        return [record for chunk in chunks for record in lines.feed_raw(chunk)] + lines.close()

    assert read(cut(data, places)) == read([data])


@given(st.lists(st.binary(max_size=30), max_size=6), CUTS)
def test_lines_of_frames_do_not_depend_on_where_the_frames_are_cut(parts: list[bytes], places: list[int]) -> None:
    data = b"\n".join(parts)
    lines = LineAssembler()
    records = lines.feed((Stream.STDERR, piece) for piece in cut(data, places)) + lines.close()
    expected = [part.decode("utf-8", "replace") for part in data.split(b"\n")]
    assert [record.text for record in records] == (expected if expected[-1] else expected[:-1])
