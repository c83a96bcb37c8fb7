"""What is remembered of builds: bounded, private, without secrets, and unharmed by what is on the disk."""

from pathlib import Path

import pytest

from tui.engine.build_context import open_context
from tui.jobs.build_book import MOST_PLACES, MOST_RECORDS, BuildBook, marks_of
from tui.model.build_record import MOST_FILES, BuildRecord, FileMark, compact


def record(tag: str, daemon: str = "unix:///a", when: float = 0.0) -> BuildRecord:
    return BuildRecord(when, tag, "", "buildkit", "sha256:1", daemon=daemon)


def test_a_form_and_the_last_builds_come_back(tmp_path: Path) -> None:
    book = BuildBook(tmp_path / "state" / "builds")
    assert book.keep_form("/src", {"tag": "a:1", "no_cache": True, "args": ["A=1"]}) is None
    assert book.keep_record("/src", record("a:1", when=1.0)) is None
    assert book.keep_record("/src", record("a:1", when=2.0)) is None
    page = BuildBook(tmp_path / "state" / "builds").page("/src")
    assert page.form == {"tag": "a:1", "no_cache": True, "args": ["A=1"]}
    assert [kept.when for kept in page.records] == [2.0]
    assert book.page("/other").form == {}
    assert book.recent() == ["/src"]


def test_each_daemon_has_a_last_build_of_its_own(tmp_path: Path) -> None:
    book = BuildBook(tmp_path / "builds")
    book.keep_record("/src", record("a:1", "unix:///a", 1.0))
    book.keep_record("/src", record("a:1", "unix:///b", 2.0))
    page = book.page("/src")
    here, there = page.last(("a:1", "", "unix:///a")), page.last(("a:1", "", "unix:///b"))
    assert here is not None
    assert there is not None
    assert (here.when, there.when) == (1.0, 2.0)
    assert page.last(("a:1", "", "unix:///c")) is None


def test_it_stays_small(tmp_path: Path) -> None:
    folder = tmp_path / "builds"
    book = BuildBook(folder)
    for number in range(MOST_PLACES + 5):
        book.keep_record(f"/src/{number}", record("a:1"))
    for number in range(MOST_RECORDS + 5):
        book.keep_record("/src/0", record(f"a:{number}"))
    assert len(list(folder.iterdir())) == MOST_PLACES
    assert len(book.page("/src/0").records) == MOST_RECORDS
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"version":99}', b'{"form":{"tag":{}}}', b"\xff\xfe", b"[" * 9999]
)
def test_a_damaged_page_is_an_empty_one(tmp_path: Path, damage: bytes) -> None:
    book = BuildBook(tmp_path / "builds")
    book.keep_form("/src", {"tag": "a:1"})
    [path] = (tmp_path / "builds").iterdir()
    path.write_bytes(damage)
    assert book.page("/src").form == {}
    assert book.keep_form("/src", {"tag": "b:1"}) is None
    assert book.page("/src").form == {"tag": "b:1"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    problem = BuildBook(tmp_path / "state" / "builds").keep_form("/src", {"tag": "a:1"})
    assert problem is not None
    assert "not remembered" in problem


def test_a_login_in_a_url_is_not_kept(tmp_path: Path) -> None:
    book = BuildBook(tmp_path / "builds")
    book.keep_form("https://user:hunter2@example.org/a.git", {"tag": "a:1"})
    [path] = (tmp_path / "builds").iterdir()
    assert b"hunter2" not in path.read_bytes()
    assert book.page("https://user:hunter2@example.org/a.git").form == {"tag": "a:1"}


def test_a_file_that_was_only_touched_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\n")
    (tmp_path / "data").write_text("1")
    (tmp_path / "link").symlink_to("data")
    context = open_context(tmp_path)
    before = marks_of(context, {})
    (tmp_path / "data").touch()
    touched = marks_of(context, before)
    assert not any(touched[name].differs(mark) for name, mark in before.items())
    (tmp_path / "data").write_text("2")
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("Dockerfile")
    after = marks_of(context, before)
    assert sorted(name for name in before if after[name].differs(before[name])) == ["data", "link"]


def test_many_files_are_kept_by_folder_and_a_change_in_one_shows() -> None:
    files = {f"a/b{number % 100}/{number}": FileMark(1, 1, f"{number}") for number in range(MOST_FILES * 2)}
    small = compact({"Dockerfile": FileMark(1, 1, "d"), **files})
    assert len(small) <= MOST_FILES
    assert "Dockerfile" in small
    changed = compact({"Dockerfile": FileMark(1, 1, "d"), **files, "a/b7/7": FileMark(1, 1, "other")})
    assert [name for name in small if small[name].differs(changed[name])] == ["a/b7/"]
