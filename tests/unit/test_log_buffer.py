"""The lines a log view holds: bounds, temporary files, a head before a gap, and searches that go along."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.log_buffer import HEAD, LogBuffer, LogLine, kind_of
from widgets.log_pages import NO_TIME, PAGE_LINES
from widgets.log_query import Query
from widgets.log_search import LogSearch, QueryTest
from widgets.spill import Spill

words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\n"), max_size=5)


def texts_of(buffer: LogBuffer) -> list[str]:
    return [line.text for line in buffer]


@given(st.lists(st.lists(words, max_size=6), max_size=10), st.integers(1, 8))
def test_the_buffer_keeps_the_newest_lines(batches: list[list[str]], most: int) -> None:
    buffer = LogBuffer(max_lines=most)
    written: list[str] = []
    for batch in batches:
        buffer.append([LogLine(text) for text in batch])
        written += batch
        assert texts_of(buffer) == written[-most:]
        assert buffer.end == len(written)
        assert buffer.first == max(0, len(written) - most)
        assert buffer.dropped == buffer.first
        assert [buffer[number].text for number in range(buffer.first, buffer.end)] == written[-most:]


def test_the_buffer_is_bounded_in_bytes_and_tells_where_a_line_was_cut() -> None:
    buffer = LogBuffer(max_bytes=1_000_000, max_line=1 << 16)
    for _ in range(200):
        buffer.append([LogLine("x" * 100_000)])
    assert buffer.size <= 1_000_000
    assert len(buffer) < 20
    assert buffer[buffer.end - 1].text.endswith("cut: 34,464 more")
    assert len(buffer.cuts) == len(buffer)
    with pytest.raises(IndexError):
        buffer[buffer.first - 1]


def test_what_is_over_the_memory_is_put_aside_and_read_again(tmp_path: Path) -> None:
    buffer = LogBuffer(max_lines=100_000, max_bytes=1 << 30, memory=1 << 20, folder=tmp_path / "cache")
    for start in range(0, 50_000, 500):
        numbers = range(start, start + 500)
        buffer.extend(
            [b"line %d %s" % (n, b"x" * 90) for n in numbers], list(numbers), [kind_of(n % 2, 0) for n in numbers]
        )
    assert buffer.memory <= 1 << 20
    assert len(buffer) == 50_000
    assert list((tmp_path / "cache").iterdir()) == []  # nothing that anybody else could open, or that could be left
    for number in (0, 1, PAGE_LINES - 1, PAGE_LINES, 25_001, 49_999):
        line = buffer[number]
        assert line.text.startswith(f"line {number} ")
        assert line.stream == ("stdout", "stderr")[number % 2]
        assert line.time == number / 1e9
    search = LogSearch(buffer, QueryTest(Query("99 x")), buffer.end, True)
    while not search.step(0.01):
        pass
    assert search.count == 500
    assert buffer.memory <= 1 << 20
    open_files = len(os.listdir("/proc/self/fd"))
    buffer.clear()
    assert len(os.listdir("/proc/self/fd")) < open_files


def test_a_disk_that_is_full_costs_the_oldest_lines_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    buffer = LogBuffer(max_bytes=1 << 30, memory=1 << 20, folder=tmp_path / "file" / "no-folder")
    for _ in range(100):
        buffer.extend([b"x" * 100] * 500, [0] * 500, [0] * 500)
    assert buffer.spill is not None
    assert buffer.spill.problem == "Not a directory"
    assert buffer.memory <= 1 << 20
    assert buffer.dropped == buffer.first > 0
    assert buffer[buffer.first].text == "x" * 100


def test_files_are_given_back_when_nothing_in_them_is_wanted(tmp_path: Path) -> None:
    spill = Spill(tmp_path, file_bytes=100)
    before = len(os.listdir("/proc/self/fd"))
    places = [spill.put(b"%03d" % number * 20) for number in range(50)]
    assert len(os.listdir("/proc/self/fd")) == before + 25
    for number, place in enumerate(places):
        assert place is not None
        assert spill.get(place) == b"%03d" % number * 20
        spill.forget(place)
    assert len(os.listdir("/proc/self/fd")) == before + 1
    spill.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_head_stands_before_the_lines_and_older_ones_join_them() -> None:
    buffer = LogBuffer()
    buffer.append([LogLine(f"m{n}") for n in range(3)])
    buffer.prepend([b"older 1", b"older 2"], [NO_TIME, 5_000_000_000], [kind_of(1, 0), 0], {0: 7})
    buffer.extend_head([b"start"], [1], [0])
    assert texts_of(buffer) == ["start", "older 1\x1b[0m … cut: 7 more", "older 2", "m0", "m1", "m2"]
    assert (buffer.first, buffer.end, buffer.stretch_of(HEAD).first) == (-2, 3, HEAD)
    assert buffer[-2].stream == "stderr"
    assert buffer[-1].time == 5
    buffer.drop_head()
    assert len(buffer) == 5
    buffer.max_lines = 4
    buffer.append([LogLine("m3")])
    buffer.prepend([b"too late"], [0], [0])
    assert texts_of(buffer) == ["m0", "m1", "m2", "m3"]
    assert buffer.first == 0
    buffer.extend_head([b"another start"], [1], [0])
    assert buffer[HEAD + 1].text == "another start"
    with pytest.raises(IndexError):
        buffer[HEAD]  # what is known of a line by its number is not known of another one


LONG = [b"x" * 100] * 1_000
TIMES, KINDS = list(range(1_000)), [0] * 1_000


def test_a_head_takes_half_of_the_bytes_at_most_and_leaves_the_newest_lines() -> None:
    buffer = LogBuffer(1_000_000, 1 << 20)
    for _ in range(5):
        buffer.extend(LONG, TIMES, KINDS)
    taken = [buffer.extend_head(LONG, TIMES, KINDS) for _ in range(40)]
    assert taken[:4] + taken[5:] == [1_000] * 4 + [0] * 35
    assert 0 < taken[4] < 1_000
    assert buffer.head is not None
    assert buffer.size <= 1 << 20
    assert buffer.head.size <= 1 << 19
    assert len(buffer.main) > 2_000
    for _ in range(20):
        buffer.extend(LONG, TIMES, KINDS)
        assert len(buffer.main) > 2_000
        assert buffer.size <= 1 << 20
    assert buffer.dropped == 25_000 - len(buffer.main)


def test_a_head_takes_half_of_the_lines_at_most() -> None:
    buffer = LogBuffer(5_000)
    for _ in range(4):
        buffer.extend(LONG, TIMES, KINDS)
    taken = [buffer.extend_head(LONG, TIMES, KINDS) for _ in range(10)]
    assert taken == [1_000, 1_000, 500] + [0] * 7
    assert buffer.head is not None
    assert (len(buffer.head), len(buffer.main)) == (2_500, 2_500)
    assert not LogBuffer(1).extend_head([b"x"], [0], [0])


def test_a_head_on_a_disk_that_is_full_stays_within_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    buffer = LogBuffer(max_bytes=64 << 20, memory=2 << 20, folder=tmp_path / "file" / "no-folder")
    for _ in range(10):
        buffer.extend(LONG, TIMES, KINDS)
    while buffer.extend_head(LONG, TIMES, KINDS):
        assert buffer.memory <= 2 << 20
    for _ in range(100):
        buffer.extend(LONG, TIMES, KINDS)
        assert buffer.memory <= 2 << 20
    assert buffer.head is not None
    assert len(buffer.head) > 8_000
    assert len(buffer.main) > 4_000


def test_a_disk_that_fills_up_later_costs_the_head_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = LogBuffer(max_bytes=1 << 30, memory=2 << 20, folder=tmp_path)
    for _ in range(40):
        buffer.extend(LONG, TIMES, KINDS)
        assert buffer.extend_head(LONG, TIMES, KINDS)
    monkeypatch.setattr(os, "pwrite", Mock(side_effect=OSError(28, "No space left on device")))
    while buffer.extend_head(LONG, TIMES, KINDS):
        assert buffer.memory <= 2 << 20
    for _ in range(40):
        buffer.extend(LONG, TIMES, KINDS)
        assert buffer.memory <= 2 << 20
    assert buffer.head is not None
    assert len(buffer.head) > 40_000
    assert all(buffer[number].text == "x" * 100 for number in range(HEAD, buffer.head.end, 999))
    buffer.close()


@given(
    st.lists(st.sampled_from("abc"), max_size=60),
    st.lists(st.sampled_from("abc"), max_size=60),
    st.lists(st.sampled_from("abc"), max_size=20),
    st.lists(st.sampled_from("abc"), max_size=20),
    st.integers(-20, 130),
    st.booleans(),
    st.integers(1, 80),
)
def test_a_search_finds_what_a_plain_loop_finds(
    before: list[str], later: list[str], head: list[str], older: list[str], anchor: int, backward: bool, most: int
) -> None:
    buffer = LogBuffer(max_lines=most)
    buffer.append([LogLine(text) for text in before])
    search = LogSearch(buffer, QueryTest(Query("a")), anchor, backward)
    search.step(0)
    buffer.append([LogLine(text) for text in later])
    buffer.prepend([text.encode() for text in older], [0] * len(older), [0] * len(older))
    search.step(0)
    buffer.extend_head([text.encode() for text in head], [0] * len(head), [0] * len(head))
    while not search.step(1):
        pass
    numbers = [number for stretch in buffer.stretches for number in range(stretch.first, stretch.end)]
    expected = [number for number in numbers if buffer[number].text == "a"]
    assert [search.at(ordinal) for ordinal in range(search.count)] == expected
    for number in (*numbers, buffer.end):
        assert search.ordinal(number) == sum(hit < number for hit in expected)
