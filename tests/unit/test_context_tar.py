"""A build context: what is sent, in which shape, and what happens to files that do not hold still."""

import io
import os
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.engine import context_tar
from tui.engine.build_context import BuildContext, ContextError, open_context, scan_context
from tui.engine.context_tar import stream_context, stream_context_async


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "context"
    (root / "src").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM busybox\nCOPY . /\n")
    (root / "src" / "main.c").write_bytes(b"c" * 1000)
    (root / "big").write_bytes(b"b" * 5000)
    (root / "src" / "link").symlink_to("main.c")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    return root


def archive(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        return {member.name: member for member in tar}


def sent(context: BuildContext) -> dict[str, tarfile.TarInfo]:
    return archive(b"".join(stream_context(context)))


def text_of(data: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


def test_a_context_is_sent_whole_with_the_dockerfile_first(folder: Path) -> None:
    os.utime(folder / "big", (1_700_000_000.9, 1_700_000_000.9))
    data = b"".join(stream_context(open_context(folder)))
    members = archive(data)
    assert next(iter(members)) == "Dockerfile"
    assert sorted(members) == ["Dockerfile", "big", "run.sh", "src", "src/link", "src/main.c"]
    assert {(member.uid, member.gid, member.uname) for member in members.values()} == {(0, 0, "")}
    assert members["run.sh"].mode == 0o755
    assert members["big"].mtime == 1_700_000_000
    assert members["src"].isdir()
    assert members["src/link"].linkname == "main.c"
    assert text_of(data, "src/main.c") == b"c" * 1000
    assert data[156:157] == b"0"  # no extended header in front of the first member
    assert b"././@PaxHeader" not in data


def test_the_summary_counts_what_is_sent(folder: Path) -> None:
    summary = scan_context(open_context(folder))
    assert (summary.files, summary.folders, summary.links) == (4, 1, 1)
    assert summary.size == 1000 + 5000 + 10 + 22
    assert summary.biggest[:2] == (("big", 5000), ("src/main.c", 1000))
    assert summary.unreadable == ()


def test_only_the_biggest_are_named(folder: Path) -> None:
    for number in range(30):
        (folder / f"f{number:02}").write_bytes(b"x" * number)
    biggest = scan_context(open_context(folder)).biggest
    assert len(biggest) == 10
    assert [size for _, size in biggest] == sorted((size for _, size in biggest), reverse=True)


def test_what_is_ignored_is_not_sent_but_for_the_build_files(folder: Path) -> None:
    (folder / ".dockerignore").write_text("*\n!src/main.c\n")
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "x").write_text("x")
    context = open_context(folder)
    assert list(sent(context)) == ["Dockerfile", ".dockerignore", "src/main.c"]
    assert list(archive(b"".join(stream_context(context, rules="archive")))) == [
        "Dockerfile", ".dockerignore", "src", "src/main.c",
    ]  # fmt: skip
    assert scan_context(context, rules="archive").files == 3
    summary = scan_context(context)
    assert (summary.files, summary.folders) == (1, 1)


def test_folders_brought_back_by_exceptions_come_once(folder: Path) -> None:
    for name in ("keep/a/1.md", "keep/b/2.md", "keep/b/no"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    (folder / ".dockerignore").write_text("keep\n!keep/**/*.md\n")
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream_context(open_context(folder), rules="archive")))) as tar:
        names = [member.name for member in tar if member.name.startswith("keep")]
    assert names == ["keep", "keep/a", "keep/a/1.md", "keep/b", "keep/b/2.md"]


def test_names_of_any_length_and_bytes(folder: Path) -> None:
    long = "n" * 200
    (folder / long).write_text("x")
    (folder / "to-long").symlink_to("t" * 150)
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff"))).write_text("x")
    members = sent(open_context(folder))
    assert members[long].size == 1
    assert members["to-long"].linkname == "t" * 150
    assert "\udcff" in members


def test_sizes_over_8_gib_and_times_before_1970(folder: Path) -> None:
    block = context_tar._header("x", 0o100644, 9 << 30, -5.0)  # pyright: ignore[reportPrivateUsage]  # no such file here
    member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    assert (member.size, member.mtime) == (9 << 30, 0)


def test_sockets_are_skipped_and_pipes_are_sent(folder: Path, short_tmp: Path) -> None:
    (short_tmp / "Dockerfile").write_text("FROM x")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(short_tmp / "s"))
        os.mkfifo(short_tmp / "pipe")
        context = open_context(short_tmp)
        members = sent(context)
        assert scan_context(context).skipped == ("s",)
    assert sorted(members) == ["Dockerfile", "pipe"]
    assert members["pipe"].isfifo()


def test_a_dockerfile_from_outside_goes_under_a_name_of_its_own(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("FROM busybox\n")
    (folder / ".dockerignore").write_text("big")
    context = open_context(folder, "../other")
    data = b"".join(stream_context(context))
    members = archive(data)
    assert list(members)[:2] == [context.dockerfile, ".dockerignore"]
    assert context.dockerfile.startswith(".dockerfile.")
    assert text_of(data, context.dockerfile) == b"FROM busybox\n"
    assert text_of(data, ".dockerignore").decode().split("\n") == ["big", context.dockerfile, ""]
    assert "Dockerfile" in members
    assert "big" not in members
    assert open_context(folder, tmp_path / "other").dockerfile != context.dockerfile


def test_a_dockerfile_in_a_folder_or_behind_a_link(folder: Path) -> None:
    (folder / "docker").mkdir()
    (folder / "docker" / "Dockerfile").write_text("FROM a")
    (folder / "linked").symlink_to("docker/Dockerfile")
    inner = open_context(folder, "docker/Dockerfile")
    assert inner.dockerfile == "docker/Dockerfile"
    assert next(iter(sent(inner))) == "docker/Dockerfile"
    linked = b"".join(stream_context(open_context(folder, "linked")))
    assert text_of(linked, "linked") == b"FROM a"


def no_folder(root: Path) -> None:
    root.rename(root.parent / "moved")


def no_dockerfile(root: Path) -> None:
    (root / "Dockerfile").unlink()


def dockerfile_is_a_folder(root: Path) -> None:
    (root / "Dockerfile").unlink()
    (root / "Dockerfile").mkdir()


def bad_ignore_file(root: Path) -> None:
    (root / ".dockerignore").write_text("[")


def huge_dockerfile(root: Path) -> None:
    (root / "Dockerfile").write_bytes(bytes(9 << 20))


@pytest.mark.parametrize(
    ("prepare", "field", "words"),
    [
        (no_folder, "context", "context does not exist"),
        (no_dockerfile, "dockerfile", "Dockerfile does not exist"),
        (dockerfile_is_a_folder, "dockerfile", "Dockerfile is not a file"),
        (bad_ignore_file, "context", ".dockerignore: the pattern"),
        (huge_dockerfile, "dockerfile", "more than"),
    ],
)
def test_errors_before_anything_is_sent(folder: Path, prepare: Callable[[Path], None], field: str, words: str) -> None:
    prepare(folder)
    with pytest.raises(ContextError, match=words) as caught:
        open_context(folder)
    assert caught.value.field == field
    assert str(folder) in str(caught.value)


def test_a_file_is_no_context(folder: Path) -> None:
    with pytest.raises(ContextError, match="big is not a folder"):
        open_context(folder / "big")


def before(name: str, ending: str, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Does something just before a function of `os` is called for a path that ends so."""
    real: Callable[..., object] = getattr(os, name)

    def call(path: str | os.PathLike[str], *args: int) -> object:
        if str(path).endswith(ending):
            act()
        return real(path, *args)

    monkeypatch.setattr(os, name, call)


def deny() -> None:
    raise PermissionError(13, "Permission denied")


def test_a_folder_without_permission_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = open_context(folder)
    before("scandir", "/src", deny, monkeypatch)
    assert scan_context(context).unreadable == (f"{folder / 'src'}: Permission denied",)
    with pytest.raises(ContextError, match=r"/src cannot be read: Permission denied"):
        list(stream_context(context))


def test_a_file_without_permission_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = open_context(folder)
    before("open", "/big", deny, monkeypatch)
    with pytest.raises(ContextError, match=r"/big cannot be read: Permission denied"):
        list(stream_context(context))


def test_a_file_that_turns_into_a_pipe_is_not_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def swap() -> None:
        (folder / "run.sh").unlink()
        os.mkfifo(folder / "run.sh")

    context = open_context(folder)
    before("open", "/run.sh", swap, monkeypatch)
    with pytest.raises(ContextError, match=r"run\.sh is no file any more"):
        list(stream_context(context))


def shrink(root: Path) -> None:
    os.truncate(root / "big", 10)


def grow(root: Path) -> None:
    os.truncate(root / "big", 1 << 22)


def vanish(root: Path) -> None:
    (root / "run.sh").unlink()


@pytest.mark.parametrize(
    ("change", "words"), [(shrink, "big shrank by"), (grow, "big grew"), (vanish, "run.sh vanished")]
)
def test_a_file_that_changes_meanwhile_is_an_error_and_no_archive(
    folder: Path, change: Callable[[Path], None], words: str
) -> None:
    (folder / "big").write_bytes(b"b" * (3 * context_tar.CHUNK))
    stream = stream_context(open_context(folder))
    data = bytearray(next(stream))
    change(folder)
    with pytest.raises(ContextError, match=words):
        data.extend(byte for chunk in stream for byte in chunk)
    assert not data.endswith(bytes(1024))


async def test_the_stream_from_a_thread_is_the_same(folder: Path) -> None:
    (folder / "big").write_bytes(os.urandom(2_000_000))
    context = open_context(folder)
    counted: list[int] = []
    data = b"".join([chunk async for chunk in stream_context_async(context, counted.append)])
    assert data == b"".join(stream_context(context))
    assert counted[-1] == len(data)
    assert counted == sorted(counted)


async def test_errors_come_through_the_thread_and_an_early_end_leaves_nothing_open(folder: Path) -> None:
    (folder / "big").write_bytes(bytes(4 * context_tar.CHUNK))
    context = open_context(folder)
    before = len(os.listdir("/proc/self/fd"))
    stream = stream_context_async(context)
    assert await anext(stream)
    await stream.aclose()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # it is a generator
    assert len(os.listdir("/proc/self/fd")) == before
    (folder / "run.sh").unlink()
    (folder / "run.sh").symlink_to("nowhere")
    (folder / "big").unlink()
    os.mkfifo(folder / "big")
    assert "big" in archive(b"".join([chunk async for chunk in stream_context_async(context)]))
    (folder / "Dockerfile").unlink()
    with pytest.raises(ContextError, match="Dockerfile vanished"):
        _ = [chunk async for chunk in stream_context_async(context)]
