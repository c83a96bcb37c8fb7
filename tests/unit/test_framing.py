"""Byte streams cut anywhere give the same documents and frames."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.engine.framing import (
    FramingError,
    NdjsonSplitter,
    StdcopyDecoder,
    TruncatedFrame,
)
from tui.model.log_record import Stream


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
