"""The book of stories: what is remembered between runs, whatever happens to its files."""

import os
from pathlib import Path

import pytest

from tui.jobs import story_book
from tui.jobs.story_book import StoryBook
from tui.model.happenings import Happening

DAEMON = "id-of-a-daemon"


def story(*times: int, by: str | None = None) -> tuple[Happening, ...]:
    return tuple(Happening(time, "die", exit_code=1, by=by) for time in times)


def test_what_was_kept_is_read_by_daemon(tmp_path: Path) -> None:
    book = StoryBook(tmp_path / "state" / "stories")
    assert book.read(DAEMON) == ({}, "")
    assert book.keep(DAEMON, {"c1": story(1, 2, by="docker kill c1"), "c2": ()}) == ""
    assert StoryBook(tmp_path / "state" / "stories").read(DAEMON) == ({"c1": story(1, 2, by="docker kill c1")}, "")
    assert book.read("another") == ({}, "")
    (path,) = (tmp_path / "state" / "stories").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_at_once_lose_nothing(tmp_path: Path) -> None:
    one, other = StoryBook(tmp_path / "s"), StoryBook(tmp_path / "s")
    one.keep(DAEMON, {"c1": story(1, 3)})
    other.keep(DAEMON, {"c1": story(2, 3)})
    assert [each.time_ns for each in one.read(DAEMON)[0]["c1"]] == [1, 2, 3]


def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story_book, "MOST_CONTAINERS", 2)
    monkeypatch.setattr(story_book, "MOST_DAEMONS", 1)
    book = StoryBook(tmp_path / "s")
    long = Happening(5, "health_status", "x" * 10_000)
    book.keep("first", {"c": story(1)})
    os.utime(next((tmp_path / "s").iterdir()), (1, 1))
    book.keep(DAEMON, {"old": story(1), "c1": story(*range(2, 500)), "c2": (long,)})
    stories, _ = book.read(DAEMON)
    assert set(stories) == {"c1", "c2"}
    assert len(stories["c1"]) == story_book.MOST_EACH
    assert stories["c1"][-1].time_ns == 499
    assert len(stories["c2"][0].detail) == story_book.LONGEST
    assert book.read("first") == ({}, "")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"daemon":"x","version":1,"stories":{}}', b"\xff" * 10])
def test_a_damaged_file_is_begun_afresh_and_told(tmp_path: Path, damage: bytes) -> None:
    book = StoryBook(tmp_path / "s")
    book.keep(DAEMON, {"c1": story(1)})
    (path,) = (tmp_path / "s").iterdir()
    path.write_bytes(damage)
    stories, problem = book.read(DAEMON)
    assert stories == {}
    assert "afresh" in problem
    assert book.keep(DAEMON, {"c1": story(2)}) == ""
    assert book.read(DAEMON) == ({"c1": story(2)}, "")


def test_a_full_disk_is_told_and_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = StoryBook(tmp_path / "s")
    book.keep(DAEMON, {"c1": story(1)})

    def full(*_: object, **_more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(story_book.paths, "write_private", full)
    assert "No space left on device" in book.keep(DAEMON, {"c1": story(2)})
    assert book.read(DAEMON)[0] == {"c1": story(1)}


def test_without_a_home_nothing_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story_book.paths, "stories_folder", lambda: None)
    book = StoryBook()
    assert book.read(DAEMON) == ({}, "")
    assert "no home" in book.keep(DAEMON, {"c1": story(1)})
