"""The files of a folder, told and sent as BuildKit asks for them."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lines import line
from tui.demo.filesync import Told, receive
from tui.engine.filesync import FileSync
from tui.engine.follow import followed
from tui.engine.ignore import IgnoreError
from tui.wire.grpc import GrpcConnection
from tui.wire.grpc_call import GrpcError


@pytest.fixture
def folder(short_tmp: Path) -> Path:
    root = short_tmp / "context"
    for name in ("Dockerfile", "a.txt", "src/main.c", "src/deep/x", "docs/a.md", "docs/b.txt", "app.log"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


async def received(
    files: FileSync, options: Mapping[str, str | tuple[str, ...]], known: Mapping[bytes, Told] | None = None
) -> dict[bytes, Told]:
    """What a receiver that does as BuildKit does gets of the files."""
    ours, theirs = line(most=1 << 20)
    client, server = GrpcConnection(ours), GrpcConnection(theirs, files.methods())
    tasks = [asyncio.create_task(client.run()), asyncio.create_task(server.run())]
    try:
        return await receive(client, options, known)
    finally:
        ours.close()
        await asyncio.gather(*tasks, return_exceptions=True)


def names(found: Mapping[bytes, Told]) -> list[str]:
    return [os.fsdecode(path) for path in found]


async def test_all_of_a_folder_comes_as_it_is(folder: Path) -> None:
    (folder / "big").write_bytes(os.urandom(3_000_000))
    (folder / "empty").touch()
    (folder / "s").write_text("s")
    (folder / "s").chmod(0o4755)
    (folder / "src" / "link").symlink_to("main.c")
    os.link(folder / "a.txt", folder / "b.txt")
    os.mkfifo(folder / "pipe")
    with open(os.fsencode(folder) + b"/\xff", "wb") as odd:  # noqa: ASYNC230 - a name that is no UTF-8
        odd.write(b"odd")
    os.utime(folder / "s", ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
    counted: list[tuple[str, int, int]] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        found = await received(
            FileSync({"context": str(folder)}, lambda *n: counted.append(n)), {"dir-name": "context"}
        )
    assert names(found) == [
        "Dockerfile", "a.txt", "app.log", "b.txt", "big", "docs", "docs/a.md", "docs/b.txt", "empty", "pipe", "s",
        "src", "src/deep", "src/deep/x", "src/link", "src/main.c", "\udcff",
    ]  # fmt: skip
    assert found[b"big"].data == (folder / "big").read_bytes()
    assert found[b"empty"].data == b""
    assert (found[b"s"].rights, found[b"s"].mtime) == (0o4755, 1_700_000_000_123_456_789)
    assert found[b"src/link"].link == b"main.c"
    assert (found[b"b.txt"].link, found[b"b.txt"].data) == (b"a.txt", None)
    assert found[b"\xff"].data == b"odd"
    assert sum(sent for _, sent, _ in counted) == sum(size for _, _, size in counted)
    assert sum(sent for _, sent, _ in counted) == sum(len(told.data or b"") for told in found.values())


async def test_only_what_has_changed_is_sent_again(folder: Path) -> None:
    before = await received(FileSync({"context": str(folder)}), {"dir-name": "context"})
    (folder / "a.txt").write_text("another")
    os.utime(folder / "a.txt", ns=(1, 1))
    sent: list[int] = []
    files = FileSync({"context": str(folder)}, lambda _name, count, _found: sent.append(count))
    after = await received(files, {"dir-name": "context"}, before)
    assert [path for path, told in after.items() if told.data is not None] == [b"a.txt"]
    assert sum(sent) == len("another")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"exclude-patterns": ("docs", "!docs/a.md", "*.log", "src")}, ["Dockerfile", "a.txt", "docs", "docs/a.md"]),
        ({"exclude-patterns": ("**", "!**/x")}, ["src", "src/deep", "src/deep/x"]),
        ({"followpaths": ("src/deep",)}, ["src", "src/deep", "src/deep/x"]),
        ({"followpaths": ("Dockerfile", "Dockerfile.dockerignore")}, ["Dockerfile"]),
        ({"followpaths": ("d*/*.md",)}, ["docs", "docs/a.md"]),
        ({"include-patterns": ("*.txt",)}, ["a.txt"]),
        ({"followpaths": ("docs",), "exclude-patterns": ("docs/*.txt",)}, ["docs", "docs/a.md"]),
        ({"followpaths": ("do%63s",), "followpaths-encoded": "1"}, ["docs", "docs/a.md", "docs/b.txt"]),
        ({"followpaths": ("nothing",)}, []),
    ],
)
async def test_what_the_build_does_not_need_is_not_told(
    folder: Path, options: dict[str, str | tuple[str, ...]], expected: list[str]
) -> None:
    found = await received(FileSync({"context": str(folder)}), {"dir-name": "context", **options})
    assert names(found) == expected


async def test_another_folder_is_not_given(folder: Path) -> None:
    with pytest.raises(GrpcError, match="no access allowed to dir 'home'"):
        await received(FileSync({"context": str(folder)}), {"dir-name": "home"})


def grow(folder: Path) -> None:
    (folder / "z").write_bytes(bytes(700_000))


def shrink(folder: Path) -> None:
    (folder / "z").write_bytes(b"")


def vanish(folder: Path) -> None:
    (folder / "z").unlink()


def become_a_pipe(folder: Path) -> None:
    (folder / "z").unlink()
    os.mkfifo(folder / "z")


@pytest.mark.parametrize("change", [grow, shrink, vanish, become_a_pipe])
async def test_a_file_that_changes_on_the_way_ends_it_by_name(folder: Path, change: Callable[[Path], None]) -> None:
    (folder / "big").write_bytes(bytes(2_000_000))
    (folder / "z").write_bytes(bytes(600_000))
    os.utime(folder / "z", (1, 1))
    changed: list[int] = []

    def progress(_name: str, sent: int, _found: int) -> None:
        if sent and not changed:
            changed.append(sent)
            change(folder)

    files = FileSync({"context": str(folder)}, progress)
    with pytest.raises(GrpcError, match=r"/z (changed|vanished|grew|shrank)"):
        await received(files, {"dir-name": "context"})
    assert "/z " in str(files.failure)


async def test_links_on_the_way_are_followed_and_lead_nowhere_else(folder: Path) -> None:
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("/src")
    (folder / "out").symlink_to("../../../etc")
    (folder / "loop").symlink_to("loop")
    assert followed(str(folder), ["one/main.c"]) == ["one/main.c", "two/main.c", "src/main.c", "one", "two"]
    assert followed(str(folder), ["out/passwd"]) == ["out/passwd", "etc/passwd", "out"]
    assert followed(str(folder), ["loop"]) == ["loop"]
    assert followed(str(folder), ["o*/main.c"])[1:3] == ["one/main.c", "out/main.c"]
    found = await received(FileSync({"context": str(folder)}), {"dir-name": "context", "followpaths": ("one/main.c",)})
    assert names(found) == ["one", "src", "src/main.c", "two"]
    found = await received(FileSync({"context": str(folder)}), {"dir-name": "context", "followpaths": ("out/passwd",)})
    assert names(found) == ["out"]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(alphabet="ab/*?.[]\\", min_size=1, max_size=8), max_size=4))
def test_any_path_is_followed(folder: Path, paths: list[str]) -> None:
    try:
        found = followed(str(folder), paths)
    except IgnoreError:
        return  # a pattern that cannot be read: the daemon is told so
    assert set(paths) <= set(found)
