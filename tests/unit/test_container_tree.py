"""The files of a container as a tree: read from archives, marked with changes, mounts in their places."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archives import Files, tar
from tui.engine.archive_reader import ArchiveError
from tui.engine.container_tree import ContainerTreeReader, below
from tui.engine.first_file import FirstFile
from tui.model.container_tree import ContainerTree, Part
from tui.model.containers import Mount
from tui.model.file_tree import Kind
from tui.model.surroundings import clean, is_below, unseen
from tui.present.changes import ADDED, CHANGED, DELETED
from tui.present.container_tree import FilesSource, change_spans, first_changes

ROOT_FILES: Files = {
    "bin/": (tarfile.DIRTYPE, ""),
    "bin/sh": b"#" * 3000,
    "data/": (tarfile.DIRTYPE, ""),
    "etc/": (tarfile.DIRTYPE, ""),
    "etc/hosts": b"127.0.0.1",
    "etc/.wh.odd": b"a name as any other",
    "etc/link": (tarfile.SYMTYPE, "hosts"),
    "proc/": (tarfile.DIRTYPE, ""),
}
DATA_FILES: Files = {"data/": (tarfile.DIRTYPE, ""), "data/db/": (tarfile.DIRTYPE, ""), "data/db/1": b"x" * 100}
MOUNTS = (Mount("volume", "pgdata", "/data"), Mount("tmpfs", "", "/run"), Mount("bind", "/srv", "/etc/hosts", True))


def part(path: str, files: Files, *, cut: bool = False) -> Part:
    reader = ContainerTreeReader(whole=path == "/")
    data = tar(files)
    reader.feed(data[: len(data) // 2] if cut else data)
    made = Part(path, reader.finish(cut=cut), reader.bytes_seen, not cut)
    assert reader.paths == len(made.tree) - 1
    return made


def known(*parts: Part) -> ContainerTree:
    tree = ContainerTree()
    tree.set_mounts(MOUNTS)
    for each in parts:
        tree.add_part(each)
    return tree


def names(tree: ContainerTree, folder: str) -> list[str]:
    return [str(path) for path in tree.children(folder)]


def row(source: FilesSource, tree: ContainerTree, path: str) -> str:
    found = tree.find(path)
    assert found is not None
    return "".join(text for text, _ in source.label(found))


def test_the_whole_is_read_without_whiteouts() -> None:
    tree = known(part("/", ROOT_FILES))
    assert names(tree, "/") == ["/bin", "/data", "/etc", "/proc"]
    assert names(tree, "/etc") == ["/etc/.wh.odd", "/etc/hosts", "/etc/link"]
    link = tree.find("/etc/link")
    assert link is not None
    assert (link.kind, link.tree.link(link.node)) == (Kind.SYMLINK, "hosts")
    assert tree.find("/etc/none") is None


def test_a_mount_that_is_read_later_stands_in_its_place() -> None:
    tree = known(part("/", ROOT_FILES))
    mount = tree.unread_mount("/data")
    assert mount is not None
    assert mount.source == "pgdata"
    tree.add_part(part("/data", DATA_FILES))
    assert tree.unread_mount("/data") is None
    assert names(tree, "/data/db") == ["/data/db/1"]
    assert [str(path) for path in tree.way("/data/db/1")] == ["/data", "/data/db", "/data/db/1"]
    folder = tree.find("/data")
    assert folder is not None
    assert tree.size(folder) == 100
    again = part("/data", {"data/": (tarfile.DIRTYPE, ""), "data/new": b"1"})
    tree.add_part(again)
    assert names(tree, "/data") == ["/data/new"]
    assert names(tree, "/etc") == ["/etc/.wh.odd", "/etc/hosts", "/etc/link"]


def test_a_folder_alone_is_a_tree_of_its_own() -> None:
    tree = known(part("/data", DATA_FILES))
    source = FilesSource(tree)
    assert [str(path) for path in source.roots()] == ["/data"]
    assert [str(path) for path in tree.way("/data/db/1")] == ["/data", "/data/db", "/data/db/1"]
    assert tree.way("/etc") == []
    assert row(source, tree, "/data").startswith("  /data/  volume pgdata")
    assert row(source, tree, "/data/db") == "  db/"
    tree.add_part(part("/", ROOT_FILES))
    assert names(tree, "/data") == []  # read anew with the whole, which leaves volumes out
    assert tree.unread_mount("/data") is not None


def test_a_folder_that_stands_in_no_other_that_was_read() -> None:
    tree = known(part("/", ROOT_FILES))
    tree.add_part(part("/data/db", {"db/": (tarfile.DIRTYPE, ""), "db/1": b"x"}))
    assert [str(path) for path in tree.tops()] == ["/bin", "/data", "/etc", "/proc", "/data/db"]
    assert [str(path) for path in tree.way("/data/db/1")] == ["/data/db", "/data/db/1"]
    assert row(FilesSource(tree), tree, "/data/db") == "  /data/db/"
    assert tree.unread_mount("/data") is not None
    tree.add_part(part("/data", DATA_FILES))
    assert [str(path) for path in tree.way("/data/db/1")] == ["/data", "/data/db", "/data/db/1"]


def test_changes_are_marked_and_what_was_deleted_is_shown() -> None:
    tree = known(part("/", ROOT_FILES))
    tree.set_changes([("/etc", CHANGED), ("/etc/hosts", ADDED), ("/etc/gone", DELETED), ("/srv", DELETED)])
    source = FilesSource(tree)
    assert row(source, tree, "/etc/hosts") == "A hosts  bind /srv (read-only)  enter reads it"
    assert row(source, tree, "/etc/gone") == "D gone"
    assert row(source, tree, "/etc/link") == "  link → hosts"
    assert [str(path) for path in tree.tops()] == ["/bin", "/data", "/etc", "/proc", "/srv"]
    gone = tree.find("/etc/gone")
    assert gone is not None
    assert gone.deleted
    assert not tree.has_children(gone)
    only = FilesSource(tree, only_changes=True)
    assert [str(path) for path in only.roots()] == ["/etc", "/srv"]
    assert [str(path) for path in only.children(only.roots()[0])] == ["/etc/hosts", "/etc/gone"]
    assert [text for text, _ in change_spans(tree)] == ["  A 1 added", "  C 1 changed", "  D 2 deleted"]
    assert first_changes(tree, 5) == ["/etc/gone", "/etc/hosts", "/srv"]
    assert first_changes(tree, 2) == []


def test_what_a_reading_that_was_stopped_brought_stays() -> None:
    cut = part("/", {f"f{at:03}": b"x" * 600 for at in range(50)}, cut=True)
    assert not cut.complete
    assert 10 < len(known(cut).children("/")) < 50


def test_a_cut_archive_and_too_many_paths_are_told() -> None:
    reader = ContainerTreeReader(whole=True)
    reader.feed(tar(ROOT_FILES)[:1300])
    with pytest.raises(ArchiveError, match="cut"):
        reader.finish()
    few = ContainerTreeReader(whole=True, max_paths=2)
    with pytest.raises(ArchiveError, match="more than 2 paths, at 'data/'"):
        few.feed(tar(ROOT_FILES))
    with pytest.raises(ArchiveError, match="checksum"):
        ContainerTreeReader(whole=True).feed(b"<html>" * 200)


def test_columns_tell_mode_owner_and_size() -> None:
    tree = known(part("/", ROOT_FILES))
    found = tree.find("/bin/sh")
    assert found is not None
    assert FilesSource(tree).columns(found) == [("3kB", "number")]
    assert [text for text, _ in FilesSource(tree, wide=True).columns(found)] == ["-rw-r--r--", "0:0", "3kB"]
    by_size = FilesSource(tree, by_size=True)
    assert by_size.search_text(by_size.roots()[0]) == "bin"


@pytest.mark.parametrize(
    ("path", "why"),
    [("/proc/1", "/proc is made for"), ("/run/x", "/run is a tmpfs"), ("/data", ""), ("/process", ""), ("/", "")],
)
def test_what_a_daemon_does_not_see_is_said(path: str, why: str) -> None:
    assert unseen(path, MOUNTS).startswith(why)
    assert bool(unseen(path, MOUNTS)) == bool(why)


NAMES = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=5)
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4)


@given(st.dictionaries(PATHS.map("/".join), st.binary(max_size=700), max_size=12))
def test_every_file_of_an_archive_is_found_again(files: dict[str, bytes]) -> None:
    alone = {path: data for path, data in files.items() if not any(other.startswith(f"{path}/") for other in files)}
    data = tar(dict(alone))
    for whole in (True, False):
        reader = ContainerTreeReader(whole=whole)
        for start in range(0, len(data), 777):
            reader.feed(data[start : start + 777])
        tree = ContainerTree()
        tree.add_part(Part("/", reader.finish()))
        for path, content in alone.items():
            found = tree.find(path if whole else below(path.encode()).decode())
            if whole or "/" in path:
                assert found is not None
                assert tree.way(found)[-1] == found
            if whole and found is not None:
                assert tree.size(found) == len(content)


@given(st.text(alphabet="/.ab", max_size=12))
def test_a_clean_path_never_leaves_the_root(path: str) -> None:
    found = clean(path)
    assert found.startswith("/")
    assert ".." not in found.split("/")
    assert clean(found) == found
    assert is_below(found, "/")


# the first file of an archive


def test_the_beginning_of_a_file_is_enough() -> None:
    data = tar({"big": b"0123456789" * 1000})
    first = FirstFile(15)
    for at in range(0, len(data), 100):
        first.feed(data[at : at + 100])
        if first.done:
            break
    assert first.content == b"012345678901234"
    assert first.header is not None
    assert first.header.size == 10_000


def test_an_empty_file_and_what_is_none() -> None:
    first = FirstFile(10)
    first.feed(tar({"none": b""})[:512])
    assert first.done
    assert first.content == b""
    with pytest.raises(ArchiveError, match="'l' is no file"):
        FirstFile(10).feed(tar({"l": (tarfile.SYMTYPE, "x")}, tarfile.GNU_FORMAT))
    with pytest.raises(ArchiveError):
        FirstFile(10).feed(io.BytesIO(b"x" * 1024).getvalue())
